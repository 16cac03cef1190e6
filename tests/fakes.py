"""Fakes that several parts' tests share."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that moves only when a test says so; sleepers wake in the order of their times."""

    def __init__(self, start: float = 1000.0) -> None:
        self._started = self._now = start
        self._wall = self._asleep = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 14, 0, tzinfo=UTC) + timedelta(seconds=self._now - self._started + self._wall)

    def monotonic(self) -> float:
        return self._now

    def suspended(self) -> float:
        return self._asleep

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._numbers), woken))
        await woken

    def jump(self, seconds: float) -> None:
        """Time has passed and nobody was woken: the process was stopped, or its event loop stood still."""
        self._now += seconds

    def suspend(self, seconds: float) -> None:
        """The machine slept: only the wall clock and the count of that time went on."""
        self._wall += seconds
        self._asleep += seconds

    def step(self, seconds: float) -> None:
        """Somebody set the wall clock."""
        self._wall += seconds

    async def advance(self, seconds: float) -> None:
        """Let that much time pass; whoever sleeps wakes at their own time and gets to act before the next one."""
        until = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not woken.done():
                woken.set_result(None)
            if not self._sleepers or self._sleepers[0][0] > self._now:
                await settle()
        self._now = until
        await settle()


async def settle(turns: int = 12) -> None:
    """Let everything that is ready run; an act that takes more turns of the event loop than that goes on later."""
    for _ in range(turns):
        await asyncio.sleep(0)
