"""Recorded drills: their history and their reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drills.app.access import Act, allowed, require
from drills.app.situations import of_drill
from drills.errors import BadInput

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.model.scorecard import DrillResult, Scorecard
    from drills.model.timeline import Timeline
    from drills.store.store import Store


@dataclass(frozen=True, slots=True)
class PastDrill:
    """A drill of the history; `scenario` is None while the caller may not know it, `score` and `grade` where none."""

    drill_id: str
    started_at: datetime
    scenario: str | None
    responder: str
    result: DrillResult
    score: float | None
    grade: str | None


def history(context: Context, scenario: str | None = None, *, last: int) -> tuple[PastDrill, ...]:
    """The last drills, of one scenario or of all, the newest at the end. Raises NotAllowed, EnvironmentFailed."""
    context.require_on_sandbox(Act.READ_HISTORY)
    with context.store() as store:
        records = store.drills()
        cards = {card.drill_id: card for card in store.scorecards(scenario)}
    found = []
    for record in records:
        named = allowed(context.caller, Act.NAME_DRILL, of_drill(record))
        # A drill that may not be named is left out when a scenario is asked for: listing it would reveal the name.
        if scenario is None or (named and scenario == record.scenario):
            card = cards.get(record.drill_id)
            found.append(
                PastDrill(
                    record.drill_id,
                    record.started_at,
                    record.scenario if named else None,
                    record.responder.value,
                    record.result,
                    None if card is None else card.score,
                    None if card is None else card.grade,
                )
            )
    return tuple(found[-last:])


def report_markdown(context: Context, drill_id: str) -> str:
    """The report of a drill, made again from its stored events, as Markdown. Raises as `report_files` does."""
    from drills.reporting.content import content
    from drills.reporting.markdown import markdown

    return markdown(content(*stored(context, drill_id)))


def report_json(context: Context, drill_id: str) -> str:
    """The same as JSON."""
    from drills.reporting.content import content
    from drills.reporting.json_report import json_report

    return json_report(content(*stored(context, drill_id)))


def report_files(context: Context, drill_id: str) -> Path:
    """The same written to the workspace's reports; returns the page.

    Raises BadInput when there is no such drill or nothing of it was recorded, NotAllowed while it is going on,
    EnvironmentFailed when the folder cannot be written.
    """
    from drills.reporting.report import write_report

    return write_report(context.workspace.reports_dir / drill_id, *stored(context, drill_id))


def stored_timeline(context: Context, drill_id: str) -> Timeline:
    """The events of a drill that has ended.

    Raises BadInput when there is no such drill or nothing of it was recorded, NotAllowed while it is going on.
    """
    with context.store() as store:
        require(context.caller, Act.READ_REPORT, of_drill(store.drill(drill_id)))
        return _timeline(store, drill_id)


def stored(context: Context, drill_id: str) -> tuple[Timeline, Scorecard]:
    from drills.scoring.score import score

    with context.store() as store:
        require(context.caller, Act.READ_REPORT, of_drill(store.drill(drill_id)))
        timeline = _timeline(store, drill_id)
        kept = store.scorecards_of(drill_id)
    return timeline, kept[-1].scorecard if kept else score(timeline)


def _timeline(store: Store, drill_id: str) -> Timeline:
    from drills.model.events import DrillStarted

    timeline = store.timeline(drill_id)
    if timeline.first(DrillStarted) is None:
        raise BadInput(f"{drill_id} ended before it had begun: nothing of it was recorded, so there is no report")
    return timeline
