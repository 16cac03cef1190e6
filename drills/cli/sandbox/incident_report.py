"""`drills sandbox report`: the first questions of an incident, answered in one Markdown report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from drills.cli.acting import action
from drills.cli.sandbox.opening import age, folder_for, open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption


def register(app: typer.Typer) -> None:
    example = (
        "Example: drills sandbox report --title 'Pool exhausted' --severity SEV2 --since 30m --output-dir incident"
    )
    app.command(epilog=example)(report)


def report(
    title: Annotated[str | None, typer.Option(help="What the incident is called.")] = None,
    severity: Annotated[str | None, typer.Option(help="A level of the workspace's playbook, such as SEV2.")] = None,
    since: Annotated[
        str | None, typer.Option(help="How long ago it began; logs and changes are read from then on. Default: 15m.")
    ] = None,
    start_time: Annotated[
        str | None, typer.Option(help="When it began, such as 2026-11-21T14:30:00Z (UTC without a zone).")
    ] = None,
    end_time: Annotated[str | None, typer.Option(help="When it ended; default: it is still going on.")] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Write incident-report.md there, instead of printing it.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Answer the first questions of an incident in one report."""
    from drills.app.sandbox.incident_report import incident_report, level_of

    now = datetime.now(UTC)
    began, ended = _span(now, since, start_time, end_time)
    context, sandbox = open_sandbox(workspace)
    level = None if severity is None else level_of(context, severity)
    with action(context, read_only=True):
        text = incident_report(sandbox, title=title, severity=level, began=began, ended=ended, now=now)
        if output_dir is None:
            echo(text)
            return
        path = folder_for(output_dir) / "incident-report.md"
        path.write_text(f"{text}\n", encoding="utf-8")
        echo(str(path))


def _span(
    now: datetime, since: str | None, start_time: str | None, end_time: str | None
) -> tuple[datetime | None, datetime | None]:
    """When the incident began and ended, as far as that was said. Raises BadInput."""
    from drills.errors import BadInput

    if since is not None and start_time is not None:
        raise BadInput("--since and --start-time cannot be combined; give one of them")
    within = age("--since", since)
    began = _time("--start-time", start_time) if within is None else now - within
    ended = _time("--end-time", end_time)
    if began is not None and began > now:
        raise BadInput(f"--start-time: {_written(began)} is in the future; it is {_written(now)}")
    if began is not None and ended is not None and ended < began:
        raise BadInput(f"--end-time: {_written(ended)} is before it began, {_written(began)}")
    return began, ended


def _time(option: str, text: str | None) -> datetime | None:
    from drills.errors import BadInput

    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{option}: {text!r} is not a time; write 2026-11-21T14:30:00Z") from None
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def _written(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
