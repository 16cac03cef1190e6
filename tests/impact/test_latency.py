"""Latency histograms: fixed buckets that add up exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.impact.latency import LATENCY_BOUNDS, bucket, merge, percentile

latencies = st.lists(st.floats(0.0005, 100.0), min_size=1, max_size=50)


def histogram(seconds: list[float]) -> dict[int, int]:
    return merge(*({bucket(value): 1} for value in seconds))


def test_the_buckets_reach_from_a_millisecond_to_over_two_minutes() -> None:
    assert LATENCY_BOUNDS[0] == 0.001
    assert LATENCY_BOUNDS[-1] > 120


def test_what_is_longer_than_all_buckets_is_in_the_last_one() -> None:
    assert bucket(10_000.0) == len(LATENCY_BOUNDS) - 1


@given(st.floats(0.0, 100.0))
def test_a_latency_is_within_the_bounds_of_its_bucket(seconds: float) -> None:
    index = bucket(seconds)
    assert seconds <= LATENCY_BOUNDS[index]
    assert index == 0 or seconds > LATENCY_BOUNDS[index - 1]


@given(latencies, latencies)
def test_histograms_add_up(some: list[float], others: list[float]) -> None:
    assert merge(histogram(some), histogram(others)) == histogram(some + others)


@given(latencies, st.sampled_from((0.5, 0.95, 0.99)))
def test_a_percentile_is_off_by_no_more_than_its_bucket(seconds: list[float], share: float) -> None:
    ranked = sorted(seconds)
    exact = ranked[max(0, -int(-share * len(ranked) // 1) - 1)]
    found = percentile(histogram(seconds), share)
    assert found is not None
    index = bucket(exact)
    assert (LATENCY_BOUNDS[index - 1] if index else 0.0) <= found <= LATENCY_BOUNDS[index] * (1 + 1e-9)


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.95) is None


def test_a_percentile_is_interpolated_within_its_bucket() -> None:
    index = bucket(1.0)
    lower, upper = LATENCY_BOUNDS[index - 1], LATENCY_BOUNDS[index]
    assert percentile({index: 4}, 0.5) == pytest.approx((lower + upper) / 2)
