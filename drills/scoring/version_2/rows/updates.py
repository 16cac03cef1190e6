"""How soon, and how often, those whom the playbook names were told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from drills.model.durations import humane
from drills.model.playbook import Level, Limit, Milestone
from drills.model.scorecard import Basis, Row, Topic, Verdict
from drills.scoring.version_2 import curves, weights
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.rows.row import Duty, row_of
from drills.scoring.version_2.severity_at import Held


def rows(case: Case) -> Iterator[Row]:
    """The first update, of any audience, and the cadence from when that was due."""
    yield from _first(case)
    yield from _cadence(case)


def _first(case: Case) -> Iterator[Row]:
    since = case.incident.response
    due = case.due(since, lambda level: _first_limit(case, level))
    if due is None:
        return
    duty = Duty(
        milestone=Milestone.FIRST_UPDATE,
        label="First update",
        since=since,
        counted_from=case.response_says,
        due=due,
        weight=weights.FIRST_UPDATE,
    )
    yield row_of(case, duty, case.said.updates[0].t if case.said.updates else None)


def _first_limit(case: Case, level: Level) -> Limit | None:
    timed = case.triage_limit(Milestone.FIRST_UPDATE, level)
    return timed if timed is not None and timed.within is not None else level.update_every or timed


def _cadence(case: Case) -> Iterator[Row]:
    paced = [held for held in case.levels if _every(held) is not None]
    first = case.due(case.incident.response, lambda level: _first_limit(case, level))
    every = case.due(case.incident.response, lambda level: level.update_every)
    limits = [due.limit for due in (first, every) if due is not None and due.limit is not None]
    if not paced or not limits:
        return
    due = case.incident.response + min(limits)
    until = max(due, case.closed)
    posted = [update.t for update in case.said.updates if due < update.t < until]
    governing, worst = _worst([due, *posted, until], paced)
    _, untold = _worst([due, until], paced)
    cadence = _every(governing) or 0.0
    yield Row(
        milestone=Milestone.FIRST_UPDATE,
        label="Update cadence",
        basis=Basis.PLAYBOOK,
        counted_from="the update before",
        limit=cadence,
        limit_says=f"every {humane(timedelta(seconds=cadence))}",
        actual=round(worst * cadence, 3),
        verdict=_verdict(worst, untold, over=case.over),
        reason=_reason(worst, untold),
        source=governing.level.update_every.source if governing.level.update_every else "",
        weight=weights.CADENCE,
        points=round(weights.CADENCE * curves.ordered(worst, 1.0), 2),
        decides=True,
        topic=Topic.UPDATE_CADENCE,
        incident=case.incident.number,
        margin=round(worst, 4),
    )


def _every(held: Held) -> float | None:
    """The cadence in seconds. One in business days is asked for by the first update alone."""
    limit = held.level.update_every
    return limit.within.total_seconds() if limit is not None and limit.within is not None else None


def _worst(moments: Sequence[float], paced: Sequence[Held]) -> tuple[Held, float]:
    """The longest silence between these moments (t), in multiples of the cadence, and the level whose cadence it is."""
    ratios = [
        (held, max(0.0, min(now, held.until) - max(before, held.since)) / every)
        for before, now in pairwise(moments)
        for held in paced
        if (every := _every(held))
    ]
    held, ratio = max(ratios, key=lambda each: each[1])
    return held, round(ratio, 6)


def _verdict(worst: float, untold: float, *, over: bool) -> Verdict:
    if untold <= 1.0:
        return Verdict.NOT_REQUIRED if over else Verdict.PENDING
    return Verdict.MET if worst <= 1.0 else Verdict.MISSED


def _reason(worst: float, untold: float) -> str:
    if untold <= 1.0:
        return "was not asked: no further update was due"
    return f"the longest silence was {worst:.2f} times the cadence"
