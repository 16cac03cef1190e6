"""`drills report | history`: what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.places import HERE, WorkspaceOption, open_store, open_workspace
from drills.cli.terminal import echo

if TYPE_CHECKING:
    from drills.store.records import DrillRecord


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
    from drills.errors import BadInput
    from drills.model.events import DrillStarted
    from drills.reporting.content import content
    from drills.reporting.json_report import json_report
    from drills.reporting.markdown import markdown as markdown_report
    from drills.reporting.report import write_report
    from drills.scoring.score import score

    place = open_workspace(workspace)
    store = open_store(place)
    try:
        record = store.drill(drill_id)
        if record.result == "running" and record.runner.alive():
            raise BadInput(f"{drill_id} is still going on; its report is written when it ends")
        timeline = store.timeline(drill_id)
        kept = store.scorecards_of(drill_id)
    finally:
        store.close()
    if timeline.first(DrillStarted) is None:
        raise BadInput(f"{drill_id} ended before it had begun: nothing of it was recorded, so there is no report")
    card = kept[-1].scorecard if kept else score(timeline)
    if markdown:
        echo(markdown_report(content(timeline, card)))
    elif as_json:
        echo(json_report(content(timeline, card)))
    else:
        path = write_report(place.reports_dir / drill_id, timeline, card)
        echo(str(path))


def history(
    scenario: Annotated[str | None, typer.Option(help="Only this scenario.")] = None,
    last: Annotated[int, typer.Option(help="At most this many, the last ones.", min=1)] = 20,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List the drills that were run, with their results."""
    place = open_workspace(workspace)
    store = open_store(place)
    try:
        # A blind drill that runs is in no list of a scenario: which one it is would be told by that.
        drills = [
            record
            for record in store.drills()
            if scenario is None or (scenario == record.scenario and _may_be_named(record))
        ]
        cards = {card.drill_id: card for card in store.scorecards(scenario)}
    finally:
        store.close()
    for record in drills[-last:]:
        card = cards.get(record.drill_id)
        score = f"{card.score:5.1f} {card.grade}" if card is not None and card.score is not None else "      –"
        name = record.scenario if _may_be_named(record) else "(blind)"
        echo(
            f"{record.drill_id}  {record.started_at:%Y-%m-%d %H:%M} UTC  {name:<24} {record.responder:<8} "
            f"{record.result:<8} {score}"
        )
    if not drills:
        echo("no drill has been run yet; try `drills demo`")


def _may_be_named(record: DrillRecord) -> bool:
    return not record.blind or record.result != "running"
