"""Whose merit a recovery is: a change that succeeded, came in time, and is one of the scenario's remedies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drills.impact.assessment import ImpactAssessment
from drills.impact.rules import CREDIT_GRACE
from drills.model.events import ActionTaken, Actor, DrillStarted, ResponderKind, StepFinished
from drills.model.scorecard import Recovery
from drills.model.timeline import Timeline
from drills.scoring.commands import commands_of, is_like

#: Seconds for which users suffer on after the last remedy, until the fault ended by itself: then it was not the remedy.
SUFFERED_ON = 10.0


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the responder changed, from `began` to `ended` (t). `words` are its commands, for patterns."""

    began: float
    ended: float
    ok: bool
    words: tuple[str, ...]
    who: str = ""

    def is_like(self, patterns: Sequence[str]) -> bool:
        return is_like(self.words, patterns)

    @property
    def rolls_back(self) -> bool:
        return self.is_like(("rollback", "rollback *"))


@dataclass(frozen=True, slots=True)
class Credit:
    """What kind of recovery it was, by which changes, and which changes before it were none of the remedies."""

    recovery: Recovery
    by: tuple[Change, ...] = ()
    uncredited: tuple[Change, ...] = ()


def changes_of(timeline: Timeline) -> tuple[Change, ...]:
    """What the responder changed, whether it succeeded or not, in the order in which it ended."""
    found = []
    for event in timeline:
        if not isinstance(event, ActionTaken | StepFinished) or event.read_only or event.by is not Actor.RESPONDER:
            continue
        ok = event.exit_status == 0 if isinstance(event, ActionTaken) else event.ok
        who = event.who if isinstance(event, ActionTaken) else ""
        found.append(Change(event.t - event.seconds, event.t, ok, commands_of(event.command), who))
    return tuple(found)


def remedies_of(start: DrillStarted) -> tuple[str, ...]:
    """The patterns of the commands that repair; empty where any change will do."""
    truth = start.scenario.truth
    return tuple(dict.fromkeys((*(truth.remedies if truth else ()), *start.remedies)))


def credit(
    impact: ImpactAssessment,
    changes: Sequence[Change],
    remedies: Sequence[str],
    responder: ResponderKind,
    *,
    ended_by_itself: float | None = None,
) -> Credit:
    """What came of these changes. `ended_by_itself` is t of the end of a fault that has a duration of its own."""
    if impact.settled_since is None:
        return Credit(Recovery.TEMPORARY if impact.lulls else Recovery.NONE)
    served = impact.settled_since
    in_time = [
        change
        for change in changes
        if change.ok and change.began <= served + CREDIT_GRACE and responder is not ResponderKind.NONE
    ]
    right = tuple(change for change in in_time if not remedies or change.is_like(remedies))
    uncredited = tuple(change for change in in_time if change not in right)
    if not right or _ended_by_itself(right, served, ended_by_itself):
        return Credit(Recovery.SELF, (), tuple(in_time))
    return Credit(Recovery.DEGRADED if impact.degraded else Recovery.FULL, right, uncredited)


def _ended_by_itself(right: Sequence[Change], served: float, ended: float | None) -> bool:
    """Whether users suffered on after the last remedy, and until the fault's own duration was over."""
    if ended is None:
        return False
    last = max(change.ended for change in right)
    return served - last > SUFFERED_ON and served >= ended - CREDIT_GRACE
