"""Records a drill's timeline: keeps it in memory, stores it from a thread, shows it, and reads what others add.

The store may be locked, full, gone or down: the drill goes on in memory, and its events are stored as soon as the
store accepts them. The drill only waits for what must be on disk before it goes on: the undo of a fault.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from drills.clock import Clock
from drills.drill.keeper import RETRY_SECONDS, Keeper
from drills.drill.memory import Memory
from drills.errors import EnvironmentFailed
from drills.model.events import Event
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.store.copies import save
from drills.store.journal import Journal
from drills.store.records import DrillRecord
from drills.store.store import Store
from drills.store.undos import OwedUndo, Undos

#: How long a runner that was asked to end waits, in seconds: whoever asked kills it when it takes longer.
HURRIED = 10.0


class Recorder:
    """All events of the runner reach the store through it. Methods may be called in any thread.

    Raw events (observations, seconds of traffic) are deferred and stored in batches. An event is shown once it is
    stored, or when the store takes long. `say` is given a line when the store fails, and when it works again;
    `patience` is how long what must be stored waits for it; `known` are the events that are stored already.
    """

    def __init__(
        self,
        store: Store,
        record: DrillRecord,
        clock: Clock,
        show: Callable[[Event], None] | None,
        say: Callable[[str], None] = lambda _: None,
        patience: timedelta = timedelta(seconds=75),
        known: Sequence[Event] = (),
    ) -> None:
        self._patience = patience.total_seconds()
        self._store = store
        self._clock = clock
        self._show = show or (lambda _: None)
        self._say = say
        self._memory = Memory(record, clock.now)
        self._memory.heard(known)
        self._showing = threading.RLock()
        self._said = ""
        self._renewed = store.database.renewals
        self._gave_up = threading.Event()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        self._keeper = Keeper(store, self._memory, self._changed)

    @property
    def record(self) -> DrillRecord:
        """The drill, as the store calls it: one that was recreated may have given its id away."""
        return self._memory.record

    @property
    def drill_id(self) -> str:
        return self._memory.record.drill_id

    @property
    def t(self) -> float:
        """Seconds since the drill began."""
        return round(self._clock.monotonic() - self._memory.record.origin, 4)

    def now(self) -> dict[str, Any]:
        """The time fields of an event that happens now."""
        return {"t": self.t, "at": self._clock.now()}

    @property
    def timeline(self) -> Timeline:
        """All events that are known so far."""
        return self._memory.timeline

    @property
    def late(self) -> bool:
        """Whether the store cannot be written just now, or takes long."""
        return self._keeper.late

    @property
    def undos(self) -> Undos:
        """What the drill owes, or owed."""
        return self._memory.undos

    def emit(self, *events: Event) -> None:
        """Record what has happened; these events are stored together."""
        self._memory.append(events)
        self._keeper.wake()

    def defer(self, event: Event) -> None:
        """Record an event that may be stored later, together with the next ones."""
        self._memory.append([event])

    def take_in(self) -> None:
        """Show new events, those of other processes too, and those that the store has not taken for a while."""
        with self._showing:
            late = self._keeper.late
            for event in self._memory.to_show(also_waiting=late):
                self._show(event)
            self._say_how_it_goes()

    def flush(self, seconds: float = 30.0) -> bool:
        """Wait until all events are stored and shown; False if that takes longer."""
        done = self._keeper.flush(seconds)
        self.take_in()
        return done

    # ---- what is owed ------------------------------------------------------------------------------------------------

    def write(self, drill_id: str, sandbox: str, kind: str, summary: str, plan: Mapping[str, JsonValue]) -> int:
        """Commit what is owed; it is on the disk when this returns its number. See `drills.store.journal.Journal`.

        Waits for a store that cannot take it. Raises EnvironmentFailed when that takes too long, or `hurry` was called.
        """
        journal, written_at = Journal(self._store), self._clock.now()
        deadline = time.monotonic() + self._patience
        again = False
        while True:
            try:
                # A connection that was lost at the commit leaves open whether there was one.
                known = journal.of_drill(drill_id) if again else []
                numbers = [row.id for row in known if (row.kind, row.written_at) == (kind, written_at)]
                number = numbers[0] if numbers else journal.write(drill_id, sandbox, kind, summary, plan, at=written_at)
            except EnvironmentFailed:
                again = True
                if time.monotonic() > deadline or self._gave_up.wait(RETRY_SECONDS):
                    raise
            else:
                break
        self.undos.add(OwedUndo(number, drill_id, sandbox, kind, summary, dict(plan), written_at))
        return number

    def sandbox_of(self, _drill_id: str) -> str:
        """The sandbox that the drill was begun on."""
        return self.record.sandbox

    def hurry(self) -> None:
        """Wait no longer for a store that does not take what is owed, and not for long at the end: somebody ends it."""
        self._gave_up.set()

    # ---- the end -----------------------------------------------------------------------------------------------------

    def close(self, scorecard: Scorecard | None, folders: Sequence[Path]) -> str:
        """Store the rest, with the result. What cannot be stored is kept in a file in one of these folders.

        Returns nothing when all is stored, else one line that says where the drill is kept. Raises EnvironmentFailed
        when it cannot be kept anywhere.
        """
        if scorecard is not None:
            self._memory.finish(scorecard)
        stored = self._flush_saying()
        self._keeper.end(self._patience if stored else 0)
        with self._showing:
            for event in self._memory.to_show(also_waiting=True):
                self._show(event)
        if stored:
            return ""
        path = save(self._memory.copy(), folders)
        return (
            f"{self.drill_id}: the store could not be written ({self._keeper.trouble or 'it does not answer'}); the "
            f"drill is kept in {path}, and `drills recover` or the next drill stores it"
        )

    def _flush_saying(self) -> bool:
        deadline = time.monotonic() + (min(self._patience, HURRIED) if self._gave_up.is_set() else self._patience)
        while not self._keeper.flush(min(1.0, max(0.0, deadline - time.monotonic()))):
            self.take_in()
            if time.monotonic() > deadline:
                return False
        self.take_in()
        return True

    def _changed(self) -> None:
        if self._loop is None:
            return
        with suppress(RuntimeError):  # The loop has ended: what is to be shown is shown by `close`.
            self._loop.call_soon_threadsafe(self.take_in)

    def _say_how_it_goes(self) -> None:
        trouble = self._keeper.trouble
        if self._keeper.renewed != self._renewed:
            self._renewed = self._keeper.renewed
            self._say("the store was removed or replaced; it is created again with all of this drill's events")
        if bool(trouble) == bool(self._said):
            return
        self._said = trouble
        if trouble:
            self._say(f"the store cannot be written, the drill goes on in memory: {trouble}")
        else:
            self._say("the store works again; nothing of this drill is lost")
