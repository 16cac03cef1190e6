"""What is taken off: false alarms, and a person's honest mistakes, which never make a response worse than silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drills.model.events import AllClear, HintTaken, UpdatePosted
from drills.model.playbook import MessageStatus
from drills.model.scorecard import Deduction
from drills.model.timeline import Timeline
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.false_alarms import FalseAlarm
from drills.scoring.version_2.remedies import Change
from drills.scoring.version_2.rows.severity import is_right


@dataclass(frozen=True, slots=True)
class _Mistake:
    t: float
    reason: str


def of_monitoring(alarms: Sequence[FalseAlarm]) -> tuple[Deduction, ...]:
    """Each false alarm, up to a bound."""
    mistakes = [_Mistake(alarm.t, f"false alarm: {alarm.reason}") for alarm in alarms]
    return tuple(_bounded(mistakes, weights.FALSE_ALARM, weights.FALSE_ALARMS_AT_MOST))


def of_a_person(timeline: Timeline, cases: Sequence[Case], at_most: float) -> tuple[Deduction, ...]:
    """The honest mistakes in all incidents, in the order of the rules; together no more than `at_most` points."""
    early = [t[0] for case in cases if (t := premature_at(case))]
    hints = [hint.t for hint in timeline.all(HintTaken) if hint.t <= cases[-1].incident.ended]
    return of_mistakes(cases, at_most, premature=early, hints=hints)


def of_mistakes(
    cases: Sequence[Case], at_most: float, *, premature: Sequence[float] = (), hints: Sequence[float] = ()
) -> tuple[Deduction, ...]:
    """The same, with t of the first premature all-clear of each incident, and of each hint."""
    causes = [mistake for case in cases for mistake in _wrong_causes(case)]
    levels = [mistake for case in cases for mistake in _wrong_levels(case)]
    repairs = [mistake for case in cases for mistake in _commander_repaired(case)][:1]
    early = [_Mistake(t, "all clear was said while users still suffered") for t in premature]
    hinted = [_Mistake(t, "a hint was taken") for t in hints]
    return tuple(
        _within(
            [
                *_bounded(early, weights.PREMATURE_ALL_CLEAR, weights.PREMATURE_ALL_CLEAR * len(cases)),
                *_bounded(causes, weights.WRONG_CAUSE, weights.WRONG_CAUSES_AT_MOST),
                *_bounded(levels, weights.WRONG_LEVEL, weights.WRONG_LEVELS_AT_MOST),
                *_bounded(repairs, weights.COMMANDER_REPAIRED, weights.COMMANDER_REPAIRED),
                *_bounded(hinted, weights.HINT, weights.HINTS_AT_MOST),
            ],
            at_most,
        )
    )


def premature_at(case: Case) -> tuple[float, ...]:
    """t of every all-clear, and of every message that says resolved, while users of this incident suffered."""
    said = [event.t for event in case.timeline.all(AllClear)]
    said += [event.t for event in case.timeline.all(UpdatePosted) if event.status is MessageStatus.RESOLVED]
    incident = case.incident
    return tuple(t for t in sorted(said) if incident.response <= t <= case.closed and incident.suffers_at(t))


def commander_repairs(case: Case) -> tuple[Change, ...]:
    """What the commander changed, where the playbook forbids it; whoever it was is known only by `who`."""
    if case.playbook.commander_may_repair:
        return ()
    return tuple(
        change for change in case.changes if change.who and _same(change.who, _commander_at(case, change.began))
    )


def _commander_at(case: Case, t: float) -> str | None:
    named = [event.commander for event in case.said.commanders if event.t <= t]
    return named[-1] if named else None


def _same(one: str, other: str | None) -> bool:
    return other is not None and one.strip().casefold() == other.strip().casefold()


def _wrong_causes(case: Case) -> Iterator[_Mistake]:
    truth = case.scenario.truth
    named: set[str] = set()
    for event in case.said.causes:
        if truth is not None and event.cause not in {truth.cause, *named}:
            named.add(event.cause)
            yield _Mistake(event.t, "a cause was named that it was not")


def _wrong_levels(case: Case) -> Iterator[_Mistake]:
    for event in case.said.declared:
        if not is_right(case, event):
            yield _Mistake(event.t, f"{event.level} was declared, which was not right then")


def _commander_repaired(case: Case) -> Iterator[_Mistake]:
    for change in commander_repairs(case):
        yield _Mistake(change.ended, "the commander repaired, which the playbook forbids")


def _bounded(mistakes: Sequence[_Mistake], each: float, most: float) -> Iterator[Deduction]:
    """`each` for every mistake, until together they reach `most`; what is over it is listed at zero."""
    left = most
    for mistake in mistakes:
        points = min(each, left)
        left -= points
        over = "" if points == each else f" (no more than {most:g} points in all)"
        yield Deduction(points=points, reason=mistake.reason + over, t=mistake.t)


def _within(deductions: Sequence[Deduction], most: float) -> Iterator[Deduction]:
    """These deductions, as long as together they cost no more than what was earned above silence."""
    left = max(0.0, most)
    for deduction in deductions:
        points = round(min(deduction.points, left), 2)
        left = round(left - points, 2)
        over = "" if points == deduction.points else " (no more than what was earned above silence)"
        yield deduction.model_copy(update={"points": points, "reason": deduction.reason + over})
