"""A drill's timeline: its events in order, and how to ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from drills.model.events import Base, DrillStarted, Event, moment

E = TypeVar("E", bound=Base)


class Timeline:
    """An ordered, append-only sequence of the events of one drill; the first one is `DrillStarted`.

    Events are ordered by `t`, and for equal `t` by their sequence number in the store, however they arrive: an event
    of a second terminal that is stored late is inserted where its `t` belongs.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self._events: tuple[Event, ...] = tuple(sorted(events, key=moment))

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    @property
    def start(self) -> DrillStarted:
        """The event that carries the rules of the drill. Raises LookupError when there is none."""
        started = self.first(DrillStarted)
        if started is None:
            raise LookupError("a timeline begins with a drill-started event; this one has none")
        return started

    @property
    def ended(self) -> float:
        """t of the last event."""
        return self._events[-1].t if self._events else 0.0

    def all(self, *kinds: type[E]) -> tuple[E, ...]:
        """Every event of these kinds, in order."""
        return tuple(event for event in self._events if isinstance(event, kinds))

    def first(self, *kinds: type[E], since: float = float("-inf")) -> E | None:
        """The first event of these kinds at or after `since`."""
        for event in self._events:
            if event.t >= since and isinstance(event, kinds):
                return event
        return None

    def last(self, *kinds: type[E]) -> E | None:
        """The last event of these kinds."""
        for event in reversed(self._events):
            if isinstance(event, kinds):
                return event
        return None

    def until(self, t: float) -> Timeline:
        """The timeline as it was known at `t`."""
        return Timeline(event for event in self._events if event.t <= t)
