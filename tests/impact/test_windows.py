"""Rolling windows over the seconds of the traffic, and the baseline."""

from __future__ import annotations

import pytest

from drills.impact.baseline import baseline_of
from drills.impact.windows import RouteCount, count_routes, first_suffering, last_suffering, windows
from drills.model.events import RouteSecond, TrafficSecond
from tests.scoring.timelines import Drill, drill


def seconds(made: Drill) -> tuple[TrafficSecond, ...]:
    found: tuple[TrafficSecond, ...] = made.timeline().all(TrafficSecond)
    return found


def test_a_request_that_is_overdue_for_several_seconds_is_one_request() -> None:
    waiting = drill()
    for _ in range(3):
        waiting = waiting.second({"home": RouteSecond(ok=1)}, overdue={"home": 2})
    assert count_routes(seconds(waiting)) == {"home": RouteCount(ok=3, overdue=2)}


def test_a_route_on_which_everybody_waits_is_counted_though_nothing_ended() -> None:
    (count,) = count_routes(seconds(drill().second({}, overdue={"orders": 4}))).values()
    assert (count.suffering, count.asked, count.answered, count.share) == (4, 4, 0, 1.0)


def test_windows_grow_to_their_length_and_then_move() -> None:
    found = list(windows(seconds(drill().well(7)), 5))
    assert [len(window.seconds) for window in found] == [1, 2, 3, 4, 5, 5, 5]
    assert (found[-1].until, found[-1].planned, found[-1].asked) == (7.0, 100, 100)


def test_nobody_suffers_in_a_good_second() -> None:
    good = seconds(drill().well(3))
    assert first_suffering(good) is None
    assert last_suffering(good) is None


def test_the_exact_times_of_suffering_are_those_of_the_traffic() -> None:
    bad = seconds(drill().well(2).suffering(3, "home").well(2))
    assert first_suffering(bad) == pytest.approx(2.2)
    assert last_suffering(bad) == pytest.approx(4.9)


def test_the_baseline_is_the_traffic_between_its_bounds() -> None:
    baseline = baseline_of(drill().suffering(3).baseline(5).fault().suffering(9).timeline())
    assert baseline is not None
    assert (baseline.since, baseline.until, baseline.planned) == (3.0, 8.0, 20.0)
    assert {name: route.rate for name, route in baseline.routes.items()} == {"checkout": 6, "home": 8, "orders": 6}
    assert all(route.suffering == 0.0 for route in baseline.routes.values())


def test_a_baseline_without_traffic_is_none() -> None:
    assert baseline_of(drill().well(5).timeline()) is None
