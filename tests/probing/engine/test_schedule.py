"""When probes are due, and how many connections may be open."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from drills.probing.engine.lanes import Lanes
from drills.probing.engine.schedule import GRID, Schedule, next_due, phase
from drills.probing.net.connectivity import own_connectivity
from drills.probing.net.descriptors import connection_limit

EVERY = st.integers(1, 3600).map(float)


@given(st.text(max_size=20), EVERY)
def test_a_phase_lies_within_the_interval_and_on_the_grid(name: str, every: float) -> None:
    assert 0 <= phase(name, every) < every
    assert abs(phase(name, every) / GRID - round(phase(name, every) / GRID)) < 1e-6
    assert phase(name, every) == phase(name, every)


@given(st.text(max_size=20), EVERY, st.floats(0, 1e6))
def test_the_next_turn_is_never_past_and_never_more_than_an_interval_away(name: str, every: float, now: float) -> None:
    due = next_due(name, every, now)
    assert now - 1e-6 <= due <= now + every + phase(name, every) + 1e-6


@given(st.lists(EVERY, min_size=1, max_size=10), st.lists(st.floats(0, 500), min_size=1, max_size=40))
def test_every_turn_is_either_given_or_counted_as_missed(intervals: list[float], steps: list[float]) -> None:
    schedule, now = Schedule([(f"p{n}", every) for n, every in enumerate(intervals)], 0.0), 0.0
    given_or_missed = [0] * len(intervals)
    for step in steps:
        now += step
        while (turn := schedule.take(now)) is not None:
            index, due, missed = turn
            assert now - intervals[index] - 1e-6 <= due <= now
            given_or_missed[index] += 1 + missed
        assert schedule.soonest() > now
    for index, every in enumerate(intervals):
        first = next_due(f"p{index}", every, 0.0)
        owed = 0 if now < first else int((now - first) / every + 1e-9) + 1
        assert abs(given_or_missed[index] - owed) <= 1


def test_a_check_that_stays_makes_room_for_others() -> None:
    lanes = Lanes(fast=2, slow=1, slow_after=0.5)
    assert lanes.enter(1, 0.0, slow=False)
    assert lanes.enter(2, 0.0, slow=False)
    assert not lanes.enter(3, 0.4, slow=False)
    assert lanes.enter(3, 0.6, slow=False)  # the first has moved to the slow lane
    assert not lanes.enter(4, 0.7, slow=False)  # which is full now
    assert not lanes.enter(5, 0.7, slow=True)
    lanes.leave(1)
    assert lanes.enter(5, 0.7, slow=True)
    assert len(lanes) == 3


def test_a_slow_one_never_takes_a_fast_place() -> None:
    lanes = Lanes(fast=10, slow=1)
    assert lanes.enter(1, 0.0, slow=True)
    assert not lanes.enter(2, 0.0, slow=True)
    assert lanes.enter(3, 0.0, slow=False)


def test_the_prober_reaches_itself_here() -> None:
    assert asyncio.run(own_connectivity())


def test_there_are_never_more_places_than_descriptors() -> None:
    assert connection_limit(10) == 10
    assert 1 <= connection_limit(10**9) < 10**9
