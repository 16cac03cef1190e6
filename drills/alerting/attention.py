"""Separates time in which the monitor ran from time in which it was itself suspended. Pure.

It is away when its process is suspended, its event loop is blocked, or its machine sleeps. The state in that time is
unknown: it raises no alert, and does not count towards a `for`, a calm or a silence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Seconds without a call that count as away. Whoever watches calls several times a second.
AWAY = 2.0


@dataclass(slots=True)
class Attention:
    """`last` is when it was last called, `suspended` how long the machine had slept by then, both in seconds.

    `back_at` is when the watcher came back the last time.
    """

    last: float
    suspended: float = 0.0
    away_after: float = AWAY
    back_at: float = -math.inf
    _unwatched: float = 0.0

    def away(self, t: float, suspended: float) -> float:
        """Called often, with monotonic time and the machine's time asleep; returns how long the monitor was away.

        0 when it was not away. On Linux, monotonic time stands still while the machine sleeps (clock_gettime(2)), and
        goes on while the process is stopped.
        """
        still, asleep = t - self.last, suspended - self.suspended
        self.last, self.suspended = t, suspended
        gap = 0.0
        if still >= self.away_after:
            self._unwatched += still
            gap += still
        if asleep >= self.away_after:
            gap += asleep
        if gap:
            self.back_at = t
        return gap

    def watched(self, t: float) -> float:
        """Monotonic time without that in which nobody watched: goes on where it stood still."""
        return t - self._unwatched
