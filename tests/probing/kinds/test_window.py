"""Counters over a window: resets, new series, silence."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.probing.kinds.metrics.exposition import Series
from drills.probing.kinds.metrics.window import Window

OK, BAD = Series("n", (("status", "200"),)), Series("n", (("status", "500"),))


def test_growth_is_what_was_added_between_the_first_and_the_last_scrape() -> None:
    window = Window(60)
    for t, value in ((0, 100.0), (15, 130.0), (30, 190.0)):
        window.add(t, {OK: value})
    assert window.increase("n") == 90
    assert window.span == 30


def test_a_reset_counts_from_zero_again() -> None:
    window = Window(60)
    for t, value in ((0, 100.0), (15, 130.0), (30, 7.0), (45, 10.0)):
        window.add(t, {OK: value})
    assert window.increase("n") == 30 + 7 + 3


def test_a_series_that_appears_within_the_window_counts_from_zero() -> None:
    window = Window(60)
    window.add(0, {OK: 100.0})
    window.add(15, {OK: 100.0, BAD: 4.0})
    assert window.increases("n") == {OK: 0, BAD: 4}


def test_the_first_scrape_alone_says_nothing() -> None:
    window = Window(60)
    window.add(0, {OK: 100.0})
    assert window.increase("n") == 0
    assert window.span == 0


def test_the_scrape_just_before_the_window_is_kept_and_older_ones_are_forgotten() -> None:
    window = Window(15)
    for t in range(0, 100, 5):
        window.add(t, {OK: float(t)})
    assert window.span == 15
    assert window.increase("n") == 15


def test_after_a_long_silence_nothing_is_said_about_the_time_of_silence() -> None:
    window = Window(15)
    window.add(0, {OK: 0.0})
    window.add(5, {OK: 5.0})
    window.add(500, {OK: 900.0})
    assert window.span == 0
    window.add(505, {OK: 910.0})
    assert window.increase("n") == 10


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=1, max_size=30))
def test_however_often_the_target_restarts_no_count_is_lost_that_a_scrape_saw(steps: list[tuple[bool, int]]) -> None:
    window, value, added = Window(10_000), 0.0, 0
    window.add(0, {OK: value})
    for t, (restarts, more) in enumerate(steps, start=1):
        before = value
        value = float(more) if restarts else value + more
        added += more
        window.add(t, {OK: value})
        if restarts and value >= before:  # a restart that cannot be told from growth counts as growth
            added -= int(before)
    assert window.increase("n") == added


def buckets(counts: dict[float, float]) -> dict[Series, float]:
    return {Series("s_bucket", (("le", "+Inf" if math.isinf(le) else str(le)),)): n for le, n in counts.items()}


def test_quantiles_are_interpolated_as_prometheus_does() -> None:
    window = Window(60)
    window.add(0, buckets({0.1: 0, 1.0: 0, 2.0: 0, math.inf: 0}))
    window.add(10, buckets({0.1: 50, 1.0: 90, 2.0: 100, math.inf: 100}))
    assert window.quantiles("s", (0.5, 0.9, 0.95)) == (0.1, 1.0, 1.5)


def test_what_lies_beyond_the_last_bound_is_given_as_that_bound() -> None:
    window = Window(60)
    window.add(0, buckets({0.1: 0, math.inf: 0}))
    window.add(10, buckets({0.1: 1, math.inf: 100}))
    assert window.quantiles("s", (0.99,)) == (0.1,)


def test_a_histogram_without_growth_has_no_quantiles() -> None:
    window = Window(60)
    for t in (0, 10):
        window.add(t, buckets({0.1: 5, math.inf: 5}))
    assert window.quantiles("s", (0.5,)) is None


def test_buckets_without_a_finite_bound_or_without_infinity_have_no_quantiles() -> None:
    for bounds in ({math.inf: 10.0}, {0.1: 10.0, 1.0: 10.0}):
        window = Window(60)
        window.add(0, dict.fromkeys(buckets(bounds), 0.0))
        window.add(10, buckets(bounds))
        assert window.quantiles("s", (0.5,)) is None


def test_a_bucket_that_lags_behind_counts_what_those_below_it_do() -> None:
    window = Window(60)
    window.add(0, buckets({0.1: 0, 0.5: 0, 1.0: 0, math.inf: 0}))
    window.add(10, buckets({0.1: 50, 0.5: 48, 1.0: 100, math.inf: 99}))
    assert window.quantiles("s", (0.5, 0.75)) == (0.1, 0.75)


def test_a_series_that_was_absent_goes_on_from_its_last_value() -> None:
    window = Window(60)
    for t, samples in enumerate(({OK: 1.0, BAD: 900.0}, {OK: 2.0}, {OK: 3.0, BAD: math.nan}, {OK: 4.0, BAD: 901.0})):
        window.add(t, samples)
    assert window.increases("n") == {OK: 3, BAD: 1}


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_a_value_that_no_counter_can_have_is_told_and_not_counted(value: float) -> None:
    window = Window(60)
    window.add(0, {OK: 1.0, BAD: 1.0})
    window.add(10, {OK: 2.0, BAD: value})
    assert window.increases("n") == {OK: 1}
    assert str(window.odd("n")) == str(value)
    window.add(20, {OK: 2.0, BAD: 3.0})
    assert (window.increases("n"), window.odd("n")) == ({OK: 1, BAD: 2}, None)


def test_series_that_never_come_back_are_forgotten() -> None:
    window = Window(60)
    for t in range(5000):
        window.add(t, {Series("n", (("pod", str(t)),)): 1.0})
    assert len(window._before) < 2000


def test_a_later_start_counts_from_zero_and_an_earlier_one_is_another_process() -> None:
    window = Window(60)
    window.add(0, {OK: 50.0}, started=1000.0)
    window.add(10, {OK: 80.0}, started=1009.0)
    assert (window.increase("n"), window.several) == (80, False)
    window.add(20, {OK: 90.0}, started=1009.2)
    assert window.increase("n") == 90
    window.add(30, {OK: 7000.0}, started=1000.0)
    assert (window.increase("n"), window.several) == (0, True)
    window.add(40, {OK: 90.0}, started=1009.0)
    assert (window.increase("n"), window.several) == (0, True)
    for t in range(50, 110, 10):
        window.add(t, {OK: 90.0 + t}, started=1009.0)
    assert not window.several


def test_a_scrape_of_which_only_a_part_was_compared_is_as_if_it_had_not_been() -> None:
    window = Window(60)
    many = {Series("n", (("i", str(i)),)): 1.0 for i in range(3000)}
    window.add(0, many)
    adding = window.adding(10, dict.fromkeys(many, 5.0))
    next(adding)
    adding.close()
    assert (window.span, window.increase("n")) == (0, 0)
    window.add(20, dict.fromkeys(many, 2.0))
    assert window.increase("n") == 3000


def test_growth_is_put_together_as_it_is_to_be_counted() -> None:
    window = Window(60, lambda series: None if series.label("status") == "200" else Series(series.name))
    window.add(0, {OK: 0.0, BAD: 0.0, Series("m"): 0.0})
    window.add(10, {OK: 5.0, BAD: 2.0, Series("m"): 1.0})
    assert window.increases("n") == {Series("n"): 2}
