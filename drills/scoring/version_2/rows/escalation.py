"""Whether the next rung of the ladder was brought in when its time had come."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Milestone, Rung
from drills.model.scorecard import Row, Topic, Verdict
from drills.scoring.version_2 import curves, weights
from drills.scoring.version_2.case import Case, Due, is_for
from drills.scoring.version_2.rows.row import Asked, Duty, row_of


def rows(case: Case) -> Iterator[Row]:
    """A row for each rung with a time, of a level that held; asked where users were not served again by then."""
    ladder = [
        (place, rung)
        for place, rung in enumerate(case.playbook.escalation)
        if rung.after is not None and any(is_for(rung, held.level) for held in case.levels)
    ]
    for place, rung in ladder:
        yield _row(case, place, rung, round(weights.ESCALATED / len(ladder), 2))


def _row(case: Case, place: int, rung: Rung, weight: float) -> Row:
    from_impact = rung.counted_from is Milestone.FIRST_IMPACT
    detected = case.incident.detected
    since = case.incident.start if from_impact else case.incident.response if detected is None else detected
    held = min(held.since for held in case.levels if is_for(rung, held.level))
    after = rung.after.total_seconds() if rung.after is not None else 0.0
    duty = Duty(
        milestone=Milestone.MITIGATED,
        label=f"Escalated: {rung.name}",
        since=since,
        counted_from="first impact" if from_impact else "detection",
        due=Due(round(max(held, since) + after - since, 3), "", rung.source),
        weight=weight,
        topic=Topic.ESCALATION,
        asked=Asked.BY_ITS_LIMIT,
        done=curves.ordered,
        left_open=curves.ordered,
    )
    over = _over(case)
    escalated = _escalated(case, place)
    if escalated is not None and escalated <= over:
        return row_of(case, duty, escalated)
    row = row_of(case, duty, None, until=over if over < case.closed else None)
    if row.verdict is not Verdict.NOT_REQUIRED:
        return row
    return row.model_copy(update={"reason": "was not asked: users were served again, or the incident was closed"})


def _over(case: Case) -> float:
    """t from which nobody need be brought in any more: users are served again, or the incident is closed."""
    served = case.incident.served
    return case.closed if served is None else min(served, case.closed)


def _escalated(case: Case, place: int) -> float | None:
    """t of the first escalation to this rung of the ladder, or to a higher one."""
    places = {rung.name: index for index, rung in enumerate(case.playbook.escalation)}
    return min((event.t for event in case.said.escalations if places.get(event.rung, -1) >= place), default=None)
