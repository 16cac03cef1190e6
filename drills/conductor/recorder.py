"""Writes a drill's timeline: durable first, then shown; and takes in what other processes add to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from drills.clock import Clock
from drills.core.events import Event
from drills.core.timeline import Timeline
from drills.store.records import DrillRecord
from drills.store.store import Store
from drills.store.undos import OwedUndo


class Recorder:
    """The one place through which the runner's own events reach the store.

    Frequent raw events (observations, seconds of traffic) are deferred and stored in batches; every other event
    is stored, after what was deferred before it, before it is shown.
    """

    def __init__(self, store: Store, record: DrillRecord, clock: Clock, show: Callable[[Event], None] | None) -> None:
        self._store = store
        self._clock = clock
        self._show = show or (lambda _: None)
        self._deferred: list[Event] = []
        self._known: dict[int, Event] = {}
        self._timeline: Timeline | None = None
        self.record = record

    @property
    def drill_id(self) -> str:
        return self.record.drill_id

    @property
    def t(self) -> float:
        """Seconds since the drill began."""
        return round(self._clock.monotonic() - self.record.origin, 4)

    def now(self) -> dict[str, Any]:
        """The time fields of an event that happens now."""
        return {"t": self.t, "at": self._clock.now()}

    def emit(self, event: Event) -> Event:
        """Store an event, then show it."""
        return self.emit_all([event])[0]

    def emit_all(self, events: Sequence[Event], undos: Iterable[OwedUndo] = ()) -> list[Event]:
        """Store these events together with what became of these undos, then show them."""
        self.flush()
        kept = self._store.keep(self.drill_id, events, undos)
        for stored in kept:
            self._take(stored)
            self._show(stored)
        return kept

    def defer(self, event: Event) -> None:
        """Keep a raw event for the next batch."""
        self._deferred.append(event)

    def flush(self) -> None:
        """Store what was deferred."""
        if self._deferred:
            batch, self._deferred = self._deferred, []
            for stored in self._store.append_many(self.drill_id, batch):
                self._take(stored)
                self._show(stored)

    def take_in(self) -> tuple[Event, ...]:
        """Show and return the events that other processes have added since the last call."""
        self.flush()
        last = max(self._known, default=-1)
        fresh = tuple(self._store.events(self.drill_id, after=self._gapless(last)))
        fresh = tuple(event for event in fresh if event.seq not in self._known)
        for event in fresh:
            self._take(event)
            self._show(event)
        return fresh

    @property
    def timeline(self) -> Timeline:
        """All events that are stored so far."""
        if self._timeline is None:
            self._timeline = Timeline(self._known.values())
        return self._timeline

    def _take(self, event: Event) -> None:
        self._known[event.seq] = event
        self._timeline = None

    def _gapless(self, last: int) -> int:
        """The place up to which nothing is missing: others may have written between our own events."""
        if len(self._known) == last - min(self._known, default=0) + 1:
            return last
        first = min(self._known, default=0)
        return next(seq for seq in range(first, last + 2) if seq not in self._known) - 1
