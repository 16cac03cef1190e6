"""What is taken off a score: alarms without cause, an all-clear too early, wrong conclusions, hints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drills.model.events import HintTaken
from drills.model.scorecard import Deduction, Severity
from drills.scoring.version_1.case import Case
from drills.scoring.version_1.severity import ranks_off
from drills.scoring.version_1.weights import (
    FALSE_ALARM,
    FALSE_ALARMS_AT_MOST,
    HINT,
    HINTS_AT_MOST,
    PREMATURE_ALL_CLEAR,
    SEVERITY_RANK,
    SEVERITY_RANKS_AT_MOST,
    WRONG_CAUSE,
    WRONG_CAUSES_AT_MOST,
    WRONG_DECISION,
)


def deductions_of(case: Case, severity: Severity) -> tuple[Deduction, ...]:
    """Every deduction, in the order of the rules, each with its points (positive) and its reason."""
    return (*_false_alarms(case), *_premature(case), *_causes(case), *_severity(case, severity), *_rest(case))


def _bounded(moments: Sequence[tuple[float, str]], each: float, most: float) -> Iterator[Deduction]:
    """`each` for every moment, until together they reach `most`; what is over it is listed at zero."""
    left = most
    for t, reason in moments:
        points = min(each, left)
        left -= points
        over = "" if points == each else f" (no more than {most:g} points in all)"
        yield Deduction(points=points, reason=reason + over, t=t)


def _false_alarms(case: Case) -> Iterator[Deduction]:
    alarms = [(alarm.t, f"false alarm: {alarm.reason}") for alarm in case.milestones.false_alarms]
    return _bounded(alarms, FALSE_ALARM, FALSE_ALARMS_AT_MOST)


def _premature(case: Case) -> Iterator[Deduction]:
    if case.milestones.premature:
        t = case.milestones.premature[0]
        yield Deduction(points=PREMATURE_ALL_CLEAR, reason="all clear was declared while users still suffered", t=t)


def _causes(case: Case) -> Iterator[Deduction]:
    wrong = [(t, "a cause was named that it was not") for t in case.cause.wrong_at]
    return _bounded(wrong, WRONG_CAUSE, WRONG_CAUSES_AT_MOST)


def _severity(case: Case, severity: Severity) -> Iterator[Deduction]:
    if severity.true_level is None or severity.declared is None:
        return
    off = abs(ranks_off(case.timeline.start.playbook, severity.true_level, severity.declared))
    if off:
        yield Deduction(points=min(off * SEVERITY_RANK, SEVERITY_RANKS_AT_MOST), reason=severity.reason)


def _rest(case: Case) -> Iterator[Deduction]:
    if case.decision is not None and case.decision.right is False:
        reason = f"decided to {case.decision.choice}; {case.decision.why}"
        yield Deduction(points=WRONG_DECISION, reason=reason, t=case.decision.t)
    hints = [(hint.t, "a hint was taken") for hint in case.timeline.all(HintTaken) if hint.t <= case.end]
    yield from _bounded(hints, HINT, HINTS_AT_MOST)
