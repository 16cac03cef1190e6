"""Real traffic, driven by a test: what users do, until when, and what is asked of a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import psutil

from drills.model.events import RouteSecond, TrafficSecond
from drills.model.scenario import Traffic
from drills.traffic.generator import TrafficGenerator


def traffic(users: int = 5, rate: float = 4.0, slow_after: float = 0.5) -> Traffic:
    return Traffic(users=users, spawn_rate=50, requests_per_user=rate, slow_after=timedelta(seconds=slow_after))


async def until(
    running: TrafficGenerator, enough: Callable[[TrafficSecond], bool], *, at_most: int = 30
) -> list[TrafficSecond]:
    """The seconds up to the first one that is enough."""
    seen: list[TrafficSecond] = []
    async for second in running.seconds():
        seen.append(second)
        if enough(second):
            return seen
        assert len(seen) < at_most, f"not seen within {at_most} s: {seen[-1]}"
    raise AssertionError("the traffic ended")


def drive(running: TrafficGenerator, story: Callable[[TrafficGenerator], Coroutine[Any, Any, None]]) -> None:
    """Run a story with traffic; whatever becomes of it, the subprocess is gone afterwards."""

    async def play() -> None:
        await running.start()
        try:
            await story(running)
        finally:
            await running.stop()

    asyncio.run(play())
    assert running.pid is not None
    assert not psutil.pid_exists(running.pid)


def page(second: TrafficSecond) -> RouteSecond:
    return second.routes.get("page", RouteSecond())
