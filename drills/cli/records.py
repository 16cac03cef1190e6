"""`drills report | history | export | score`: recorded drills and their scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills report INC-20261121-003")(report)
    app.command(epilog="Example: drills history --since 2026-10-01 --by severity")(history)
    app.command(epilog="Example: drills export INC-20261121-003 --output drill.jsonl")(export)
    app.command(epilog="Example: drills score drill.jsonl --playbook pagerduty")(score)


def report(
    drill_id: Annotated[str, typer.Argument(help="A drill, as `drills history` names it.")],
    markdown: Annotated[bool, typer.Option("--markdown", help="Print it as Markdown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Make a drill's report again, from its stored events."""
    from drills.app.context import at_terminal
    from drills.app.records import report_files, report_json, report_markdown

    context = at_terminal(workspace)
    if markdown:
        echo(report_markdown(context, drill_id))
    elif as_json:
        echo(report_json(context, drill_id))
    else:
        echo(report_files(context, drill_id))


def history(
    scenario: Annotated[str | None, typer.Option(help="Only this scenario.")] = None,
    last: Annotated[int, typer.Option(help="At most this many, the last ones.", min=1)] = 20,
    since: Annotated[str | None, typer.Option(help="Figures from this day on: 2026-11-01.", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option(help="Figures to the end of this day.", metavar="DATE")] = None,
    by: Annotated[str | None, typer.Option(help="Figures by severity, scenario, responder or month.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Figures: the times of each drill, as CSV.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List the drills that were run, or their times together: MTTD, MTTA, MTTR, and the playbooks' goals."""
    from drills.app.context import at_terminal

    context = at_terminal(workspace)
    if since or until or by or as_json or as_csv:
        from drills.cli.trends import print_trends

        print_trends(context, by or "severity", since=since, until=until, as_json=as_json, as_csv=as_csv)
        return
    from drills.app.records import history as past_drills

    drills = past_drills(context, scenario, last=last)
    for drill in drills:
        score = f"{drill.score:5.1f} {drill.grade}" if drill.score is not None else "      –"
        echo(
            f"{drill.drill_id}  {drill.started_at:%Y-%m-%d %H:%M} UTC  {drill.scenario or '(blind)':<24} "
            f"{drill.responder:<8} {drill.result:<8} {score}"
        )
    if not drills:
        echo("no drill has been run yet; try `drills demo`")
        return
    from drills.app.follow_ups import follow_ups

    now = context.clock.now()
    follows = follow_ups(context)
    due = sum(len(each.open_tasks) + len(each.open_items) for each in follows)
    if due:
        overdue = sum(each.overdue(now) for each in follows)
        echo(f"\nto be done after drills: {due}, of which {overdue} overdue; `drills follow-ups` lists them")


def export(
    drill_id: Annotated[str, typer.Argument(help="A drill, as `drills history` names it.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Print a drill's events as JSON Lines, which `drills score` reads anywhere."""
    from drills.app.context import at_terminal
    from drills.app.timelines import export_lines
    from drills.cli.run import check_folder, write_text

    if output is not None:
        check_folder(output)
    text = "".join(f"{line}\n" for line in export_lines(at_terminal(workspace), drill_id))
    if output is None:
        echo(text, nl=False)
    else:
        write_text(output, text)


def score(
    file: Annotated[Path, typer.Argument(help="Events as JSON Lines, as `drills export` writes them.")],
    playbook: Annotated[str | None, typer.Option(help="Score by this playbook: a name, or a file.")] = None,
    rules: Annotated[int | None, typer.Option(help="Version of the rules; by default the drill's own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scorecard as JSON.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Score a drill's events again, by the rules that it began with or others; needs no workspace and no sandbox."""
    from drills.app.timelines import score_file
    from drills.model.visible import visible_json

    card, exit_code = score_file(file, playbook, workspace, rules=rules)
    if as_json:
        echo(visible_json(card.model_dump_json(indent=2)))
    else:
        from drills.cli.live import make_console
        from drills.cli.outcome import print_scorecard

        print_scorecard(make_console(), card, points=True)
    raise typer.Exit(exit_code)
