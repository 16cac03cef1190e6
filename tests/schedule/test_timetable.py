"""The calendar follows the wall clock, whoever sets it and however long the machine sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from drills.schedule.timetable import follow_wall_clock
from tests.fakes import FakeClock


@pytest.mark.parametrize(
    ("act", "times"),
    [
        (lambda clock: None, 0),
        (lambda clock: clock.jump(120), 0),  # the wall clock went on with monotonic time: waits end as they should
        (lambda clock: clock.suspend(7200), 1),
        (lambda clock: clock.step(3600), 1),
        (lambda clock: clock.step(-3600), 1),
        (lambda clock: clock.step(0.2), 0),
    ],
)
def test_what_waits_for_a_moment_is_asked_again_when_the_wall_clock_moved(
    act: Callable[[FakeClock], None], times: int
) -> None:
    clock, changes = FakeClock(), 0

    def changed() -> None:
        nonlocal changes
        changes += 1

    async def play() -> None:
        following = asyncio.create_task(follow_wall_clock(clock, changed))
        await clock.advance(30)
        act(clock)
        await clock.advance(30)
        following.cancel()

    asyncio.run(play())
    assert changes == times
