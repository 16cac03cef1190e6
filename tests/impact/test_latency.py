"""Latencies in buckets: they add up exactly, and percentiles are within half a percent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.impact.latency import ACCURACY, SHORTEST, bucket, latency_of, merge, percentile

latencies = st.lists(st.floats(SHORTEST, 1000.0), min_size=1, max_size=50)
#: What the rounding of a logarithm may add.
ROUNDING = 1e-9


def counted(seconds: list[float]) -> dict[int, int]:
    return merge(*({bucket(value): 1} for value in seconds))


@given(st.floats(SHORTEST, 1000.0))
def test_a_bucket_tells_a_latency_within_the_accuracy(seconds: float) -> None:
    assert latency_of(bucket(seconds)) == pytest.approx(seconds, rel=ACCURACY + ROUNDING)


@given(st.floats(SHORTEST, 1000.0), st.floats(SHORTEST, 1000.0))
def test_a_longer_latency_is_in_no_lower_bucket(some: float, other: float) -> None:
    assert (bucket(some) <= bucket(other)) or some > other


def test_what_took_no_time_is_in_the_bucket_of_the_shortest() -> None:
    assert bucket(0.0) == bucket(-0.001) == bucket(SHORTEST)


@given(latencies, latencies)
def test_counts_add_up(some: list[float], others: list[float]) -> None:
    assert merge(counted(some), counted(others)) == counted(some + others)


@given(latencies, st.sampled_from((0.5, 0.95, 0.99, 1.0)))
def test_a_percentile_is_the_nearest_rank_within_the_accuracy(seconds: list[float], share: float) -> None:
    exact = sorted(seconds)[math.ceil(share * len(seconds) - 1e-9) - 1]
    assert percentile(counted(seconds), share) == pytest.approx(exact, rel=ACCURACY + ROUNDING)


@pytest.mark.parametrize("threshold", [1.0, 1.5, 2.0, 3.0, 5.0, 10.0])
def test_one_percent_from_the_threshold_of_a_playbook_is_told_on_its_side(threshold: float) -> None:
    below, above = (percentile({bucket(threshold * factor): 100}, 0.95) for factor in (0.99, 1.01))
    assert below is not None
    assert above is not None
    assert below < threshold < above


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.95) is None


def test_the_stored_indices_mean_the_same_for_ever() -> None:
    assert [bucket(seconds) for seconds in (0.001, 0.01, 0.5, 1.0, 2.0, 5.0, 10.0)] == [
        -690,
        -460,
        -69,
        0,
        70,
        161,
        231,
    ]
