"""Stores a drill's events in order from its own thread, retrying until they are stored: no drill waits for a disk.

emit ──► memory ──► thread ──► one transaction for what waits ──► shown
                      │ the store refuses, or is another one by now
                      └─ later the whole drill is taken in, of which the store keeps what it has not
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from drills.drill.memory import Memory
from drills.store.store import Store

#: How often events of other processes are read from the store, in seconds.
LISTEN_SECONDS = 0.25
#: How long after a failure the store is tried again, in seconds.
RETRY_SECONDS = 0.5
#: After this many seconds the store counts as late, and events that are not stored yet are shown anyway.
LATE_SECONDS = 2.0


class Keeper:
    """The one writer of a drill's events. `on_change` is called in its thread when something was stored or read."""

    def __init__(self, store: Store, memory: Memory, on_change: Callable[[], None]) -> None:
        self._store = store
        self._memory = memory
        self._on_change = on_change
        self._renewals = store.database.renewals
        self._anew = False
        self._trying_since: float | None = None
        self._changed = threading.Condition()
        self._wanted = False
        self._rounds = 0
        self._ending = False
        #: Why the store was not written the last time; empty when it was.
        self.trouble = ""
        self._thread = threading.Thread(target=self._run, name="drill-keeper", daemon=True)
        self._thread.start()

    @property
    def late(self) -> bool:
        """Whether the store cannot be written just now, or takes long."""
        since = self._trying_since
        return bool(self.trouble) or (since is not None and time.monotonic() - since > LATE_SECONDS)

    @property
    def renewed(self) -> int:
        """How often the store was found to be another file."""
        return self._store.database.renewals

    def wake(self) -> None:
        """There is something to store."""
        with self._changed:
            self._wanted = True
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until all events so far are stored and those of others are read; False if that takes longer."""
        deadline = time.monotonic() + seconds
        with self._changed:
            # The current round may have begun before the last event.
            enough = self._rounds + 2 if self._trying_since is not None else self._rounds + 1
            while not (self._rounds >= enough and not self.trouble):
                self._wanted = True
                self._changed.notify_all()
                if not self._thread.is_alive() or (left := deadline - time.monotonic()) <= 0:
                    return False
                self._changed.wait(left)
        return True

    def end(self, seconds: float) -> None:
        """Store nothing more; waits that many seconds for a running transaction."""
        self._ending = True
        self.wake()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._ending:
            with self._changed:
                if not self._wanted:
                    self._changed.wait(LISTEN_SECONDS)
                self._wanted = False
                self._trying_since = time.monotonic()
            if self._ending:
                return
            why = self._round()
            with self._changed:
                self._trying_since = None
                self._rounds += 1
                self.trouble = why
                self._changed.notify_all()
                if why and not self._ending:
                    self._changed.wait(RETRY_SECONDS)
            self._on_change()

    def _round(self) -> str:
        """Store what waits, read the events of others; returns why that failed, or an empty text."""
        batch, memory = self._memory.next_batch(), self._memory
        renewals = self._store.database.renewals
        try:
            if self._anew or renewals != self._renewals:
                copy = memory.copy()
                stored = self._store.take_in(copy, scorecard=batch.scorecard)
                memory.taken_in(batch, stored)
                # If the undos got other numbers, only importing the whole drill again finds them.
                self._anew = [undo.id for undo in stored.undos] != [undo.id for undo in copy.undos]
                self._renewals = renewals
            elif batch:
                placed = self._store.keep(
                    memory.record.drill_id,
                    batch.events,
                    batch.undos,
                    scorecard=batch.scorecard,
                    reason="the drill ended",
                    origin=memory.record.origin,
                )
                memory.stored(batch, placed)
            others = self._store.events(memory.record.drill_id, after=memory.gapless())
            if self._store.database.renewals == self._renewals:
                memory.heard(others)
        except Exception as error:  # noqa: BLE001 - whatever it is, no waiting event may be lost; the error is reported
            self._anew = True
            if self._store.database.renewals not in (renewals, self._renewals):
                return self._round()  # It was found to be another file in this very round.
            return " ".join(str(error).split()) or type(error).__name__
        return ""
