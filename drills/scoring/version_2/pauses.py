"""A drill that a facilitator paused: the clock of the score stands still meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from drills.model.events import (
    ActionTaken,
    BaselineTaken,
    Corrected,
    Event,
    Paused,
    ProbeObserved,
    Resumed,
    StepFinished,
    TrafficSecond,
    UpdatePosted,
)
from drills.model.timeline import Timeline


def without_pauses(timeline: Timeline) -> Timeline:
    """The timeline by a clock that stood still while the drill was paused; itself where it never was.

    What was measured meanwhile is left out; what was done meanwhile counts at the moment of the pause.
    """
    pauses = tuple(_pauses(timeline))
    if not pauses:
        return timeline
    return Timeline(_moved(event, lambda t: _at(t, pauses)) for event in timeline if not _measured_in(event, pauses))


def _pauses(timeline: Timeline) -> Iterator[tuple[float, float]]:
    """From when to when (t) the clock stood still; a pause that did not end lasts to the last event."""
    since: float | None = None
    for event in timeline.all(Paused, Resumed):
        if isinstance(event, Paused):
            since = event.t if since is None else since
        elif since is not None:
            yield since, event.t
            since = None
    if since is not None:
        yield since, timeline.ended


def _at(t: float, pauses: Sequence[tuple[float, float]]) -> float:
    stood = sum(min(t, until) - since for since, until in pauses if since < t)
    return round(t - stood, 6)


def _measured_in(event: Event, pauses: Sequence[tuple[float, float]]) -> bool:
    return isinstance(event, TrafficSecond | ProbeObserved) and any(since < event.t <= until for since, until in pauses)


def _moved(event: Event, at: Callable[[float], float]) -> Event:
    """The event with every moment in it by the other clock; a duration that spans a pause is shorter."""
    changes: dict[str, object] = {"t": at(event.t)}
    match event:
        case TrafficSecond():
            changes |= {
                name: at(value)
                for name in ("first_suffering", "last_suffering")
                if (value := getattr(event, name)) is not None
            }
        case BaselineTaken():
            changes |= {"since": at(event.since), "until": at(event.until)}
        case UpdatePosted() if event.next_due is not None:
            changes["next_due"] = at(event.next_due)
        case Corrected():
            changes["when"] = at(event.when)
        case ActionTaken() | StepFinished():
            changes["seconds"] = round(at(event.t) - at(event.t - event.seconds), 6)
        case _:
            pass
    return event.model_copy(update=changes)
