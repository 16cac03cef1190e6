"""When each probe is due: one heap, each probe's phase spread over its interval by a hash of its name. Pure."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from hashlib import blake2b

#: Phases lie on a grid of this many seconds: checks begin a few together, which costs the machine far fewer wake-ups
#: (measured: libcurl takes half the processor time for each transfer in batches of ten), and none of them late.
GRID = 0.05


def phase(name: str, every: float) -> float:
    """Where in its interval a probe of that name checks, in seconds from 0 to `every`; the same on every machine."""
    share = int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) / 2**64
    return math.floor(share * every / GRID) * GRID


def next_due(name: str, every: float, now: float) -> float:
    """The first moment at or after `now` that lies at the probe's phase."""
    offset = phase(name, every)
    return offset + max(0, math.ceil((now - offset) / every)) * every


class Schedule:
    """The heap. Probes are known by their index."""

    def __init__(self, probes: Sequence[tuple[str, float]], now: float) -> None:
        self._every = [every for _, every in probes]
        self._heap = [(next_due(name, every, now), index) for index, (name, every) in enumerate(probes)]
        heapq.heapify(self._heap)

    def soonest(self) -> float:
        """When the next one is due; infinity without probes."""
        return self._heap[0][0] if self._heap else math.inf

    def take(self, now: float) -> tuple[int, float, int] | None:
        """The next probe that is due: its index, since when, and how many of its earlier turns were missed.

        Turns are missed when the machine slept: they are not made up for. Its next turn is put on the heap.
        """
        if not self._heap or self._heap[0][0] > now:
            return None
        due, index = self._heap[0]
        every = self._every[index]
        missed = int((now - due) / every)
        due += missed * every
        heapq.heapreplace(self._heap, (due + every, index))
        return index, due, missed
