"""Whether the right severity was declared, how soon, and for how much of the incident it was right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from drills.model.events import SeverityDeclared
from drills.model.playbook import Level, Limit, Milestone
from drills.model.scorecard import Basis, Row, Topic, Verdict
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case, Due
from drills.scoring.version_2.rows.row import Duty, row_of
from drills.scoring.version_2.severity_at import level_at

#: Seconds in which a severity is due where the triage list has no minute for it.
_A_MINUTE = 60.0


def rows(case: Case) -> Iterator[Row]:
    """Two rows: the first right declaration, and the share of the time in which the last declared level was right."""
    due = case.due(case.incident.response, lambda level: _limit(case, level))
    if due is None:
        return
    right = [event for event in case.said.declared if is_right(case, event)]
    duty = Duty(
        milestone=Milestone.SEVERITY_DECLARED,
        label="Severity declared",
        since=case.incident.response,
        counted_from=case.response_says,
        due=due,
        weight=weights.SEVERITY_DECLARED,
        decides=False,
    )
    wrong = "no right level was declared" if case.said.declared and not right else ""
    yield row_of(case, duty, min((event.t for event in right), default=None), instead=wrong)
    yield _right(case, due)


def is_right(case: Case, event: SeverityDeclared) -> bool:
    """Whether this level holds, or comes to hold within the minute in which a severity is due."""
    return any(since <= event.t < until for since, until in _when_right(case, event.level))


def _limit(case: Case, level: Level) -> Limit:
    timed = case.triage_limit(Milestone.SEVERITY_DECLARED, level)
    return timed if timed is not None and timed.within is not None else level.respond


def _grace(case: Case) -> float:
    """Seconds in which a severity is due by the triage list, at the first level that held with such a minute."""
    for held in case.levels:
        limit = case.triage_limit(Milestone.SEVERITY_DECLARED, held.level)
        if limit is not None and limit.within is not None:
            return limit.within.total_seconds()
    return _A_MINUTE


def _when_right(case: Case, level: str) -> tuple[tuple[float, float], ...]:
    """From when to when (t) a declaration of this level is right; without an end for the level that holds at C."""
    grace = _grace(case)
    last = case.levels[-1] if case.levels else None
    return tuple(
        (held.since - grace, float("inf") if held is last else held.until)
        for held in case.levels
        if held.level.name == level
    )


def _right(case: Case, due: Due) -> Row:
    share = share_right(case)
    declared = case.said.declared[-1].level if case.said.declared else None
    holds = level_at(case.levels, case.closed)
    if declared is None:
        verdict, reason = (Verdict.MISSED if case.over else Verdict.PENDING), "no level was declared"
    elif holds is None or declared != holds.level.name:
        name = "none" if holds is None else holds.level.name
        verdict, reason = Verdict.MISSED, f"{declared} was declared last; at the closing {name} held"
    else:
        verdict, reason = Verdict.MET, f"right for {share:.0%} of the time"
    return Row(
        milestone=Milestone.SEVERITY_DECLARED,
        label="Severity right",
        basis=Basis.PLAYBOOK,
        counted_from="the first declaration, or when it was due",
        limit=None,
        limit_says="the level declared last is the one that holds, until the closing",
        actual=None,
        verdict=verdict,
        reason=reason,
        source=due.source,
        weight=weights.SEVERITY_RIGHT,
        points=round(weights.SEVERITY_RIGHT * share, 2),
        decides=True,
        topic=Topic.SEVERITY,
        incident=case.incident.number,
    )


def share_right(case: Case) -> float:
    """The share of the time, from the first declaration or the end of its minute, in which the declared was right."""
    declared = case.said.declared
    if not declared:
        return 0.0
    since = min(declared[0].t, case.incident.response + _grace(case))
    if case.closed <= since:
        return 1.0 if is_right(case, declared[-1]) else 0.0
    right = sum(_overlap(case, event.level, event.t, until) for event, until in _stretches(declared, case.closed))
    return right / (case.closed - since)


def _stretches(declared: Sequence[SeverityDeclared], closed: float) -> Iterator[tuple[SeverityDeclared, float]]:
    """Each declaration, and until when (t) it was the last one."""
    for event, following in pairwise(declared):
        yield event, following.t
    yield declared[-1], closed


def _overlap(case: Case, level: str, since: float, until: float) -> float:
    return sum(max(0.0, min(until, b) - max(since, a)) for a, b in _when_right(case, level))
