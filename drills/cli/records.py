"""`drills report | history`: what was recorded."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.places import HERE, WorkspaceOption
from drills.cli.terminal import echo


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills report INC-20261121-003")(report)
    app.command(epilog="Example: drills history --scenario slow-query")(history)


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
    workspace: WorkspaceOption = HERE,
) -> None:
    """List the drills that were run, with their results."""
    from drills.app.context import at_terminal
    from drills.app.records import history as past_drills

    drills = past_drills(at_terminal(workspace), scenario, last=last)
    for drill in drills:
        score = f"{drill.score:5.1f} {drill.grade}" if drill.score is not None else "      –"
        echo(
            f"{drill.drill_id}  {drill.started_at:%Y-%m-%d %H:%M} UTC  {drill.scenario or '(blind)':<24} "
            f"{drill.responder:<8} {drill.result:<8} {score}"
        )
    if not drills:
        echo("no drill has been run yet; try `drills demo`")
