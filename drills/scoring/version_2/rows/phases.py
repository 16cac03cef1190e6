"""The phases of the response, as verdicts: the milestone that ends a phase has its points in its own row."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Limit, Milestone, Phase
from drills.model.scorecard import Row, Topic, Verdict
from drills.scoring.version_2.case import Case, Due, is_for
from drills.scoring.version_2.milestones import reached
from drills.scoring.version_2.rows.detected import start_says
from drills.scoring.version_2.rows.row import Asked, Duty, row_of


def rows(case: Case) -> Iterator[Row]:
    """A row without points for each phase of a level that held."""
    for phase in case.playbook.phases:
        since, counted_from = _clock(case, phase)
        due = _due(case, phase, since)
        if due is None:
            continue
        duty = Duty(
            milestone=phase.ends_with,
            label=f"Phase: {phase.name}",
            since=since,
            counted_from=counted_from,
            due=due,
            weight=0.0,
            topic=Topic.PHASE,
            asked=Asked.BY_ITS_LIMIT,
            decides=False,
        )
        yield _row(case, duty, reached(case, phase.ends_with))


def _clock(case: Case, phase: Phase) -> tuple[float, str]:
    """What its deadline counts from: detection, or what the document says, and what that is called."""
    if phase.counted_from is Milestone.ALL_CLEAR:
        return case.closed, "the closing"
    if phase.counted_from is Milestone.FIRST_IMPACT or phase.ends_with is Milestone.DETECTED:
        return case.incident.start, start_says(case)
    return case.incident.response, case.response_says


def _due(case: Case, phase: Phase, since: float) -> Due | None:
    limit = Limit(within=phase.by, says="" if phase.by else "no deadline is stated", source=phase.source)
    return case.due(since, lambda level: limit if is_for(phase, level) else None)


def _row(case: Case, duty: Duty, done: float | None) -> Row:
    row = row_of(case, duty, done)
    if done is None and duty.milestone is Milestone.POST_MORTEM:
        return row.model_copy(update={"verdict": Verdict.PENDING, "reason": "can still be written"})
    if done is None and duty.due.limit is None and case.over:
        return row.model_copy(update={"verdict": Verdict.NOT_REQUIRED, "reason": "no deadline is stated"})
    return row
