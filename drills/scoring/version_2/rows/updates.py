"""How soon, and how often, those whom the playbook names were told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    since = case.incident.response
    paced = [held for held in case.levels if _allowed(case, held, since) is not None]
    first = case.due(since, lambda level: _first_limit(case, level))
    every = case.due(since, lambda level: level.update_every)
    limits = [due.limit for due in (first, every) if due is not None and due.limit is not None]
    if not paced or not limits:
        return
    due = since + min(limits)
    until = max(due, case.closed)
    posted = [update.t for update in case.said.updates if due < update.t < until]
    worst = _worst(case, [due, *posted, until], paced)
    untold = _worst(case, [due, until], paced).ratio
    limit = worst.held.level.update_every
    yield Row(
        milestone=Milestone.FIRST_UPDATE,
        label="Update cadence",
        basis=Basis.PLAYBOOK,
        counted_from="the update before",
        limit=round(worst.allowed, 3),
        limit_says=_every(limit),
        actual=round(worst.ratio * worst.allowed, 3),
        verdict=_verdict(worst.ratio, untold, over=case.over),
        reason=_reason(worst.ratio, untold),
        source=limit.source if limit is not None else "",
        weight=weights.CADENCE,
        points=round(weights.CADENCE * curves.ordered(worst.ratio, 1.0), 2),
        decides=True,
        topic=Topic.UPDATE_CADENCE,
        incident=case.incident.number,
        margin=round(worst.ratio, 4),
    )


@dataclass(frozen=True, slots=True)
class _Silence:
    """A silence of `ratio` times the seconds that were `allowed` by a level that held."""

    held: Held
    allowed: float
    ratio: float


def _allowed(case: Case, held: Held, since: float) -> float | None:
    """How many seconds a silence may last by this level, if it begins at `since` (t), or when the level does."""
    limit = held.level.update_every
    return None if limit is None else case.seconds(limit, max(since, held.since))


def _every(limit: Limit | None) -> str:
    if limit is None or limit.within is None:
        days = 0 if limit is None else limit.business_days or 0
        return f"every {days} business days" if days > 1 else "every business day"
    return f"every {humane(limit.within)}"


def _worst(case: Case, moments: Sequence[float], paced: Sequence[Held]) -> _Silence:
    """The longest silence between these moments (t), by the level for which it is; of none, the first one due."""
    silences = [
        _Silence(held, allowed, round(max(0.0, min(now, held.until) - max(before, held.since)) / allowed, 6))
        for before, now in pairwise(moments)
        for held in paced
        if (allowed := _allowed(case, held, before))
    ]
    worst = max(silences, key=lambda silence: silence.ratio)
    if worst.ratio:
        return worst
    since = case.incident.response
    first = [(max(since, held.since), _allowed(case, held, since) or 0.0, held) for held in paced]
    _, allowed, held = min(first, key=lambda each: each[0] + each[1])
    return _Silence(held, allowed, 0.0)


def _verdict(worst: float, untold: float, *, over: bool) -> Verdict:
    if untold <= 1.0:
        return Verdict.NOT_REQUIRED if over else Verdict.PENDING
    return Verdict.MET if worst <= 1.0 else Verdict.MISSED


def _reason(worst: float, untold: float) -> str:
    if untold <= 1.0:
        return "was not asked: no further update was due"
    return f"the longest silence was {worst:.2f} times the cadence"
