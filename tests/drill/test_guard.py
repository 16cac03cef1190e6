"""The guard of a drill: the kill switch, harm outside the sandbox, and a runner that was away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from drills.drill.guard import stand_guard
from drills.errors import EnvironmentFailed
from drills.store.store import Store
from drills.store.switch import KillSwitch
from tests.fakes import FakeClock


def guarded(folder: Path, act: Callable[[FakeClock], None]) -> str:
    """What ends the drill within some seconds after that; empty: nothing."""
    clock = FakeClock()
    store = Store.open(f"sqlite:///{folder}/drills.db", clock=clock)

    async def play() -> str:
        standing = asyncio.create_task(stand_guard(None, KillSwitch(store), folder, clock))
        await clock.advance(3)
        act(clock)
        await clock.advance(3)
        if not standing.done():
            standing.cancel()
            return ""
        with pytest.raises(EnvironmentFailed) as ended:
            standing.result()
        return str(ended.value)

    try:
        return asyncio.run(play())
    finally:
        store.close()


@pytest.mark.parametrize("away", [lambda clock: clock.jump(120), lambda clock: clock.suspend(120)])
def test_a_drill_whose_runner_was_away_is_not_valid(tmp_path: Path, away: Callable[[FakeClock], None]) -> None:
    assert guarded(tmp_path, away).startswith("the runner itself was away for 2 m 0")


@pytest.mark.parametrize("act", [lambda clock: clock.step(3600), lambda clock: clock.step(-60), lambda _: None])
def test_a_wall_clock_that_is_set_ends_no_drill(tmp_path: Path, act: Callable[[FakeClock], None]) -> None:
    assert guarded(tmp_path, act) == ""
