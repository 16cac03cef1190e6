"""A runner's copy of its drill in memory, including what is not stored yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from drills.model.events import Event, event_to_json
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.store.copies import DrillCopy
from drills.store.records import DrillRecord
from drills.store.undos import OwedUndo, Undos

#: Sequence numbers of events that are not stored yet: after all that are stored, in the order of emission.
_NOT_STORED = 1 << 40


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be stored next, together."""

    events: tuple[Event, ...]
    undos: tuple[OwedUndo, ...]
    scorecard: Scorecard | None

    def __bool__(self) -> bool:
        return bool(self.events or self.scorecard)


class Memory:
    """Shared by the event loop, which appends, and the thread that stores."""

    def __init__(self, record: DrillRecord, now: Callable[[], datetime]) -> None:
        self.record = record
        self.undos = Undos(now)
        self._known: dict[int, Event] = {}
        self._gapless = -1
        self._waiting: list[Event] = []
        self._appended = 0
        self._unshown: list[Event] = []
        #: How many of the waiting events were shown already.
        self._shown_early = 0
        self._scorecard: Scorecard | None = None
        self._timeline: Timeline | None = None
        self._lock = Lock()

    @property
    def timeline(self) -> Timeline:
        """All events that are known so far."""
        with self._lock:
            if self._timeline is None:
                self._timeline = Timeline([*self._known.values(), *self._waiting])
            return self._timeline

    def append(self, events: Sequence[Event]) -> None:
        """Add events of this runner, to be stored in one transaction."""
        with self._lock:
            for event in events:
                self._waiting.append(event.model_copy(update={"seq": _NOT_STORED + self._appended}))
                self._appended += 1
            self._timeline = None

    def finish(self, scorecard: Scorecard) -> None:
        """The drill has ended, with this result."""
        with self._lock:
            self._scorecard = scorecard

    def next_batch(self) -> Batch:
        """What waits to be stored. An undo's end is stored with the next event, which reports it."""
        with self._lock:
            return Batch(tuple(self._waiting), self.undos.changed(), self._scorecard)

    def copy(self) -> DrillCopy:
        """All of it, for a store that has lost a part."""
        with self._lock:
            events = (*(self._known[seq] for seq in sorted(self._known)), *self._waiting)
            return DrillCopy(self.record, events, self.undos.all())

    def stored(self, batch: Batch, placed: Sequence[Event]) -> None:
        """That batch is stored; these are its events' sequence numbers."""
        with self._lock:
            count = len(batch.events)
            self._unshown += placed[self._shown_early :]
            self._shown_early = max(0, self._shown_early - count)
            del self._waiting[:count]
            self._accept(placed)
            self.undos.stored(batch.undos)
            if self._scorecard is batch.scorecard:
                self._scorecard = None

    def taken_in(self, batch: Batch, stored: DrillCopy) -> None:
        """The store has imported the whole drill, with that batch, perhaps under another id."""
        with self._lock:
            ours = Counter(event_to_json(event) for event in (*batch.events, *self._known.values()))
            theirs = []
            for event in stored.events:
                if ours[body := event_to_json(event)]:
                    ours[body] -= 1
                else:
                    theirs.append(event)
            self._unshown += [*batch.events[self._shown_early :], *theirs]
            self._shown_early = max(0, self._shown_early - len(batch.events))
            del self._waiting[: len(batch.events)]
            self._known.clear()
            self._gapless = -1
            self._accept(stored.events)
            self.undos.stored(batch.undos)
            self.record = stored.record
            if self._scorecard is batch.scorecard:
                self._scorecard = None

    def heard(self, others: Sequence[Event]) -> None:
        """Events that other processes have stored."""
        with self._lock:
            fresh = [event for event in others if event.seq not in self._known]
            self._unshown += fresh
            self._accept(fresh)

    def to_show(self, *, also_waiting: bool) -> list[Event]:
        """Events not shown yet, each once; those not stored yet only if the store is late."""
        with self._lock:
            events, self._unshown = self._unshown, []
            if also_waiting:
                events += self._waiting[self._shown_early :]
                self._shown_early = len(self._waiting)
            return events

    def gapless(self) -> int:
        """The sequence number up to which no event is missing: others may have written between our own events."""
        with self._lock:
            while self._gapless + 1 in self._known:
                self._gapless += 1
            return self._gapless

    def _accept(self, events: Sequence[Event]) -> None:
        self._known |= {event.seq: event for event in events}
        self._timeline = None
