"""Durations for reading: what was measured to a tenth of a second, what was stated as it was written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drills.model.durations import humane, parse_duration


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0.0 s"), (5.24, "5.2 s"), (99.94, "99.9 s"), (99.96, "1 m 40 s"), (185.0, "3 m 05 s"), (3599.6, "1 h 00 m"),
     (7800.0, "2 h 10 m"), (273_600.0, "3 d 4 h"), (-12.0, "-12.0 s")],
)  # fmt: skip
def test_what_was_measured_is_shown_to_a_tenth_of_a_second_and_coarser_the_longer_it_is(
    seconds: float, shown: str
) -> None:
    assert humane(seconds) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [("250ms", "250 ms"), ("30s", "30 s"), ("90s", "1 m 30 s"), ("5m", "5 m"), ("1h30m", "1 h 30 m"), ("2d", "2 d")],
)
def test_what_was_stated_is_shown_without_rounding(written: str, shown: str) -> None:
    assert humane(parse_duration(written)) == shown


def test_nothing_is_shown_as_a_duration() -> None:
    assert humane(timedelta()) == "0 s"
