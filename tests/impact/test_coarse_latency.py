"""Latencies of drills that were stored in format 1: fixed buckets that add up exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.impact.coarse_latency import COARSE_BOUNDS, coarse_bucket, coarse_percentile
from drills.impact.latency import merge

latencies = st.lists(st.floats(0.0005, 100.0), min_size=1, max_size=50)


def histogram(seconds: list[float]) -> dict[int, int]:
    return merge(*({coarse_bucket(value): 1} for value in seconds))


def test_the_buckets_reach_from_a_millisecond_to_over_two_minutes() -> None:
    assert COARSE_BOUNDS[0] == 0.001
    assert COARSE_BOUNDS[-1] > 120


def test_what_is_longer_than_all_buckets_is_in_the_last_one() -> None:
    assert coarse_bucket(10_000.0) == len(COARSE_BOUNDS) - 1


@given(st.floats(0.0, 100.0))
def test_a_latency_is_within_the_bounds_of_its_bucket(seconds: float) -> None:
    index = coarse_bucket(seconds)
    assert seconds <= COARSE_BOUNDS[index]
    assert index == 0 or seconds > COARSE_BOUNDS[index - 1]


@given(latencies, latencies)
def test_histograms_add_up(some: list[float], others: list[float]) -> None:
    assert merge(histogram(some), histogram(others)) == histogram(some + others)


@given(latencies, st.sampled_from((0.5, 0.95, 0.99)))
def test_a_percentile_is_off_by_no_more_than_its_bucket(seconds: list[float], share: float) -> None:
    ranked = sorted(seconds)
    exact = ranked[max(0, -int(-share * len(ranked) // 1) - 1)]
    found = coarse_percentile(histogram(seconds), share)
    assert found is not None
    index = coarse_bucket(exact)
    assert (COARSE_BOUNDS[index - 1] if index else 0.0) <= found <= COARSE_BOUNDS[index] * (1 + 1e-9)


def test_nothing_has_no_percentile() -> None:
    assert coarse_percentile({}, 0.95) is None


def test_a_percentile_is_interpolated_within_its_bucket() -> None:
    index = coarse_bucket(1.0)
    lower, upper = COARSE_BOUNDS[index - 1], COARSE_BOUNDS[index]
    assert coarse_percentile({index: 4}, 0.5) == pytest.approx((lower + upper) / 2)
