"""Counters over a window: resets, new series, silence."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from drills.probing.exposition import Series, parse_exposition
from drills.probing.window import Window

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


def test_only_wanted_samples_are_read_with_their_labels() -> None:
    text = (
        '# HELP n x\n# TYPE n counter\nn{status="500",route="/a\\"b"} 3 1700000000000\n'
        'n_created{status="500"} 9\nother 4\nn{status="200"} NaN\nn  nonsense\nm 2.5e3\n'
    )
    assert parse_exposition(text, {"n", "m"}) == {
        Series("n", (("route", '/a"b'), ("status", "500"))): 3.0,
        Series("m"): 2500.0,
    }


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_exposition(text, {"n", ""})
