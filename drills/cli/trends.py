"""Prints the figures of many drills."""

from __future__ import annotations

from drills.app.context import Context
from drills.app.trends import GroupBy, Trends, as_csv, as_json, day, trends
from drills.cli.terminal import echo
from drills.errors import BadInput
from drills.model.durations import humane
from drills.model.visible import visible_line


def print_trends(
    context: Context, by: str, *, since: str | None, until: str | None, as_json: bool, as_csv: bool
) -> None:
    """The figures as a table, as JSON, or as CSV. Raises BadInput for a date or a grouping that is not known."""
    if by not in list(GroupBy):
        raise BadInput(f"--by: {by!r} is not known; write one of {', '.join(GroupBy)}")
    if as_json and as_csv:
        raise BadInput("--json and --csv: one of the two")
    found = trends(
        context,
        GroupBy(by),
        since=None if since is None else day(since, "--since"),
        until=None if until is None else day(until, "--until", end=True),
    )
    if as_json:
        echo(_json(found))
    elif as_csv:
        echo(_csv(found), nl=False)
    else:
        _print(found)


_json, _csv = as_json, as_csv


def _print(found: Trends) -> None:
    from rich.table import Table
    from rich.text import Text

    from drills.cli.live import make_console

    console = make_console()
    count = len(found.cards)
    console.print(
        f"{count} scored drill{'' if count == 1 else 's'} from {found.since:%Y-%m-%d} "
        f"until {found.until:%Y-%m-%d %H:%M} UTC, {found.drills_per_month:.1f} in 30 days. "
        "Drills, not incidents of the real system."
    )
    if not count:
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("playbook", "severity", found.by.value, "", "median", "p90", "mean", "drills"):
        table.add_column("" if heading == "severity" and found.by is GroupBy.SEVERITY else heading, overflow="fold")
    for group in found.groups:
        for name, times in (
            ("MTTD", group.to_detect),
            ("MTTA", group.to_acknowledge),
            ("MTTR", group.to_mitigate),
        ):
            if times.mean is None:
                continue
            longest = f"> {humane(max(point.seconds for point in times.points))}"
            missing = f", {times.not_reached} not reached" if times.not_reached else ""
            table.add_row(
                group.playbook,
                group.severity,
                visible_line(group.key),
                name,
                longest if times.median is None else humane(times.median),
                longest if times.p90 is None else humane(times.p90),
                f"{'≥ ' if times.not_reached else ''}{humane(times.mean)}",
                f"{len(times.points)}{missing}",
            )
    console.print(table)
    for playbook, judged in found.targets.items():
        console.print(f"\nGoals of {playbook}")
        goals = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        for target in judged:
            goals.add_row(*(Text(cell) for cell in (target.name, target.wanted, target.actual, target.verdict.value)))
        console.print(goals)
    without = [each.scenario for each in found.runbooks if each.runbook is None]
    if without:
        console.print(f"\nWithout a runbook: {', '.join(without)}")
    if found.uncovered_alerts:
        console.print(f"Alerts that no scenario with a runbook raised: {', '.join(found.uncovered_alerts)}")
