"""What a follower of a running drill may see: its events, and what is measured from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drills.app.access import Act, Caller, Moment, Situation, allowed
from drills.impact.assessment import assess
from drills.model import events as ev
from drills.model.scorecard import Impact, Recovery
from drills.model.timeline import Timeline

#: Events that reveal what is broken: hidden from a blind responder until the debrief.
TRUTH = (
    ev.FaultApplied,
    ev.FaultVerified,
    ev.FaultFailed,
    ev.UndoWritten,
    ev.UndoSettled,
    ev.UndoFailed,
    ev.UndoGivenUp,
)

#: A blind responder sees only that these happened: the number of users and the probes would reveal the scenario.
_BARE_WHEN_BLIND = (ev.TrafficStarted, ev.SteadyStateHeld)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event; if `bare`, only the fact that it happened may be shown."""

    event: ev.Event
    bare: bool = False


@dataclass(frozen=True, slots=True)
class FirstImpact:
    """When the first user was affected, and how users have been affected so far."""

    t: float
    totals: Impact


@dataclass(frozen=True, slots=True)
class WellAgain:
    """Since when users have been served normally, and what restored service.

    It is certain only at `known_at`, once they have been served normally for the settle time.
    """

    t: float
    recovery: Recovery
    known_at: float


Sight = Happened | FirstImpact | WellAgain


class Follower:
    """Turns a drill's events, in order, into what the caller may see before the debrief.

    Measured moments are computed from the timeline as it grows, and reported once.
    """

    def __init__(self, caller: Caller, *, blind: bool) -> None:
        situation = Situation(Moment.BLIND if blind else Moment.OPEN)
        self._sees_truth = allowed(caller, Act.FOLLOW_TRUTH, situation)
        self._events: list[ev.Event] = []
        self._impact_seen = False
        self._recovery_seen = False
        self._ended = False

    def follow(self, event: ev.Event) -> Iterator[Sight]:
        """What the caller may see of this event, and what is known to be measured with it."""
        self._events.append(event)
        if isinstance(event, ev.TrafficSecond):
            yield from self._measured()
            return
        if isinstance(event, ev.DrillEnded | ev.DrillAborted):
            self._ended = True
        if self._sees_truth:
            yield Happened(event)
        elif not isinstance(event, TRUTH):
            yield Happened(event, bare=isinstance(event, _BARE_WHEN_BLIND))

    def _measured(self) -> Iterator[Sight]:
        # A blind responder has to judge whether users have recovered; the debrief shows it.
        if not self._sees_truth or self._ended or (self._impact_seen and self._recovery_seen):
            return
        if not any(isinstance(event, ev.FaultApplied) for event in self._events):
            return
        impact = assess(Timeline(self._events))
        if not self._impact_seen and impact.first_impact is not None:
            self._impact_seen = True
            yield FirstImpact(impact.first_impact, impact.totals)
        if not self._recovery_seen and impact.settled_since is not None:
            self._recovery_seen = True
            yield WellAgain(impact.settled_since, impact.recovery, known_at=self._events[-1].t)
