"""The prober's statistics about itself."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass

_RECENT = 20_000


@dataclass(frozen=True, slots=True)
class ProberStats:
    """Counts since the start; lateness in seconds between when a check was due and when it began.

    `lateness_p50`, `lateness_p99` and `jitter` (its standard deviation) are of the last 20,000 checks,
    `lateness_max` of all. `skipped` are turns that came while the same probe was still checking, had no slot, or were
    missed while the machine slept. `slowest_sink` is the longest that the receiver of observations took.
    """

    runs: int
    skipped: int
    unknown: int
    running: int
    waiting: int
    lateness_p50: float
    lateness_p99: float
    lateness_max: float
    jitter: float
    sink_errors: int
    slowest_sink: float


class Tally:
    """Counts as the prober goes."""

    __slots__ = ("_recent", "lateness_max", "runs", "sink_errors", "skipped", "slowest_sink", "unknown")

    def __init__(self) -> None:
        self.runs = self.skipped = self.unknown = self.sink_errors = 0
        self.lateness_max = self.slowest_sink = 0.0
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def began(self, lateness: float) -> None:
        """A scheduled check began that late."""
        self._recent.append(lateness)
        if lateness > self.lateness_max:
            self.lateness_max = lateness

    def stats(self, *, running: int, waiting: int) -> ProberStats:
        recent = sorted(self._recent) or [0.0]
        return ProberStats(
            runs=self.runs,
            skipped=self.skipped,
            unknown=self.unknown,
            running=running,
            waiting=waiting,
            lateness_p50=recent[len(recent) // 2],
            lateness_p99=recent[min(len(recent) - 1, int(len(recent) * 0.99))],
            lateness_max=self.lateness_max,
            jitter=statistics.pstdev(recent),
            sink_errors=self.sink_errors,
            slowest_sink=self.slowest_sink,
        )
