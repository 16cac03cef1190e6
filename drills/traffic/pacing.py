"""One user's plan: when each request is intended, whatever the app does. Pure arithmetic; times are monotonic seconds.

A user who waits for an answer cannot send the next request, so that a stall would hide most of what it does to users
(coordinated omission: G. Tene, "How NOT to Measure Latency"; HdrHistogram's expected-interval correction). So intended
starts go on while the user waits. One that the user is free for within `patience` is sent late, and its time counts
from the intended start; one that waited longer is missed: it suffers whatever its answer would have been, and is not
sent.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missed:
    """An intended start that was never made, and by how many seconds its user was late for it."""

    intended: float
    lateness: float


class Pace:
    """Intended start n is `first + n * period`, until the user takes time for itself: that moves all later ones."""

    def __init__(self, first: float, period: float, patience: float) -> None:
        self._base, self._period, self._patience = first, period, patience
        self._next = 0
        self._counted = 0

    def _intended(self, index: int) -> float:
        return self._base + index * self._period

    def take(self, free_since: float, now: float) -> tuple[tuple[Missed, ...], float]:
        """The starts that were missed, and the intended time of the next one; it may be past or to come.

        `free_since` is when the user's last answer came. A start that fell due after it, while the user did other
        things (code of the locustfile), is not late: the plan moves to `now`.
        """
        missed: list[Missed] = []
        while self._intended(self._next) + self._patience < free_since:
            intended = self._intended(self._next)
            missed.append(Missed(intended, free_since - intended))
            self._next += 1
        if free_since < self._intended(self._next) < now:
            self._base += now - self._intended(self._next)
        intended = self._intended(self._next)
        self._next += 1
        return tuple(missed), intended

    def count(self, until: float) -> int:
        """How many starts fell due before `until`; each is counted once."""
        before = self._counted
        while self._intended(self._counted) < until:
            self._counted += 1
        return self._counted - before

    def waiting(self, until: float, *, longer_than: float = 0.0) -> int:
        """How many starts that were not taken yet have been due for longer than that at `until`."""
        index = self._next
        while self._intended(index) + longer_than < until:
            index += 1
        return index - self._next
