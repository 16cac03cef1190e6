"""Stores observations in batches from one thread: writing can never delay a probe.

observe() ──► bounded queue ──► one thread ──► one transaction for each batch
   │ full                          │ the disk refuses
   └─ counted, reported as         └─ the batch is kept and tried again
      an `unknown` observation
"""

from __future__ import annotations

import json
import queue
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from drills.clock import Clock
from drills.errors import DrillsError
from drills.model.probe import Observation, Outcome
from drills.store.database import Database
from drills.store.tables import observations

BATCH = 500
#: How long an observation waits for company before it is written.
LINGER_SECONDS = 0.2
RETRY_SECONDS = 1.0


class ObservationWriter:
    """Takes observations from any thread, never blocks its caller, loses nothing silently."""

    def __init__(self, database: Database, clock: Clock, capacity: int = 50_000) -> None:
        self._database = database
        self._clock = clock
        self._queue: queue.Queue[Observation | threading.Event | None] = queue.Queue()
        self._capacity = capacity
        self._lock = threading.Lock()
        self._gaps: Counter[str] = Counter()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observation-writer", daemon=True)
        self._thread.start()

    def put(self, observation: Observation) -> None:
        """Hand over; when the queue is full (the disk is too slow or full), count instead."""
        if self._queue.qsize() < self._capacity:
            self._queue.put_nowait(observation)
            return
        with self._lock:
            self._gaps[observation.probe] += 1

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was put before is stored; False when that took longer than `timeout` seconds."""
        reached = threading.Event()
        self._queue.put_nowait(reached)
        return reached.wait(timeout)

    def close(self, timeout: float = 5.0) -> int:
        """Store what is queued and end; returns how many observations could not be stored in that time."""
        self._queue.put_nowait(None)
        self._thread.join(timeout)
        self._closing.set()
        self._thread.join(timeout)
        return self._queue.qsize()

    def _run(self) -> None:
        more = True
        while more:
            batch, flushes, more = self._gather()
            while not self._store(batch):
                if self._closing.wait(RETRY_SECONDS):
                    return
            for reached in flushes:
                reached.set()

    def _gather(self) -> tuple[list[Observation], list[threading.Event], bool]:
        """Wait for a first observation, then for what follows it within the linger time."""
        batch: list[Observation] = []
        flushes: list[threading.Event] = []
        wait: float | None = None
        while len(batch) < BATCH:
            try:
                taken = self._queue.get(timeout=wait)
            except queue.Empty:
                break
            if taken is None:
                return batch, flushes, False
            if isinstance(taken, threading.Event):
                flushes.append(taken)
                break
            batch.append(taken)
            if wait is None:
                # One nap gathers what comes meanwhile; waking for each observation would cost more than storing it.
                self._closing.wait(LINGER_SECONDS)
                wait = 0.0001
        return batch, flushes, True

    def _store(self, batch: Sequence[Observation]) -> bool:
        with self._lock:
            gaps = dict(self._gaps)
        rows = [_row(observation) for observation in (*batch, *self._as_unknown(gaps))]
        if not rows:
            return True
        try:
            with self._database.write_relaxed() as connection:
                connection.execute(insert(observations), rows)
        except DrillsError:
            return False
        with self._lock:
            self._gaps.subtract(gaps)
            self._gaps += Counter()
        return True

    def _as_unknown(self, gaps: dict[str, int]) -> list[Observation]:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        return [
            Observation(
                probe=probe,
                at=now,
                started=monotonic,
                outcome=Outcome.UNKNOWN,
                reason=f"{count} observations were not stored: the store could not keep up",
            )
            for probe, count in gaps.items()
        ]


def _row(observation: Observation) -> dict[str, Any]:
    return {
        "probe": observation.probe,
        "at": observation.at,
        "started": observation.started,
        "outcome": observation.outcome.value,
        "reason": observation.reason,
        "phases": json.dumps(dict(observation.phases)),
        "metrics": json.dumps(dict(observation.metrics)),
        "attempt": observation.attempt,
        "lateness": observation.lateness,
        "vantage": observation.vantage,
    }


def observation_of(row: Any) -> Observation:
    """The observation that a row of the table holds."""
    return Observation(
        probe=row.probe,
        at=row.at,
        started=row.started,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        phases=json.loads(row.phases),
        metrics=json.loads(row.metrics),
        attempt=row.attempt,
        lateness=row.lateness,
        vantage=row.vantage,
    )
