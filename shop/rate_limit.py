"""A limit on requests a minute, without bursts: what was not used is saved up for one second at most."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class RateLimit:
    """A token bucket; 0 requests a minute stand for no limit."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self.refused = 0
        self._clock = clock
        self._rate = per_minute / 60
        self._most = max(1.0, self._rate)
        self._saved, self._at = self._most, clock()

    def retry_after(self) -> int | None:
        """None when one more request may pass (it is counted); else the whole seconds after which to try again."""
        if not self.per_minute:
            return None
        now = self._clock()
        self._saved, self._at = min(self._most, self._saved + (now - self._at) * self._rate), now
        if self._saved >= 1:
            self._saved -= 1
            return None
        self.refused += 1
        return max(1, math.ceil((1 - self._saved) / self._rate))
