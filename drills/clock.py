"""The clock as a parameter, so that whatever waits can be tested without waiting."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for people, monotonic time for durations; setting the wall clock moves no duration."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an origin shared by all processes of this boot of the machine."""
        ...

    def suspended(self) -> float:
        """Seconds that the machine has slept since it was started, which `monotonic` does not count."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for that many seconds (not at all when zero or negative)."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def suspended(self) -> float:
        # Known on Linux only; elsewhere sleep cannot be distinguished from time in which nothing happened.
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic() if hasattr(time, "CLOCK_BOOTTIME") else 0.0

    async def sleep(self, seconds: float) -> None:
        import asyncio  # 40 ms of processor time, which commands that only ask for the time do without

        await asyncio.sleep(max(0.0, seconds))
