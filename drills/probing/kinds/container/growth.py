"""How fast something fills up, and when it will be full."""

from __future__ import annotations

import math
from collections import deque

#: Over how long growth is measured: long enough that one burst is not taken for a trend, in seconds.
WINDOW = 30.0


class Growth:
    """Readings of the last `window` seconds, on a clock that never goes back."""

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._readings: deque[tuple[float, int]] = deque()

    def full_in(self, now: float, used: int, whole: int) -> float:
        """Seconds until it is full, if it goes on growing as it did; infinite where it does not grow."""
        self._readings.append((now, used))
        while now - self._readings[0][0] > self._window:
            self._readings.popleft()
        since, before = self._readings[0]
        if now <= since or used <= before:
            return math.inf
        return max(0, whole - used) * (now - since) / (used - before)
