"""A user's plan goes on while the user waits, and is moved only by the user's own doing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.traffic.pacing import Missed, Pace


def test_a_user_who_is_answered_at_once_keeps_its_plan() -> None:
    pace = Pace(10.0, 1.0, patience=2.0)
    assert pace.take(9.5, 9.5) == ((), 10.0)
    assert pace.take(10.1, 10.1) == ((), 11.0)
    assert pace.take(11.2, 11.2) == ((), 12.0)


def test_a_start_that_waited_within_patience_is_sent_late_and_counts_from_its_intended_time() -> None:
    pace = Pace(10.0, 1.0, patience=2.0)
    pace.take(9.0, 9.0)
    assert pace.take(12.5, 12.5) == ((), 11.0)
    assert pace.take(12.6, 12.6) == ((), 12.0)
    assert pace.take(12.7, 12.7) == ((), 13.0)


def test_a_start_that_waited_beyond_patience_is_missed_with_its_lateness() -> None:
    pace = Pace(10.0, 1.0, patience=2.0)
    pace.take(9.0, 9.0)
    missed, intended = pace.take(15.5, 15.5)
    assert missed == (Missed(11.0, 4.5), Missed(12.0, 3.5), Missed(13.0, 2.5))
    assert intended == 14.0


def test_time_that_the_locustfile_takes_for_itself_moves_the_plan_and_misses_nothing() -> None:
    pace = Pace(10.0, 1.0, patience=2.0)
    pace.take(9.0, 9.0)
    assert pace.take(10.1, 30.0) == ((), 30.0)
    assert pace.take(30.1, 30.1) == ((), 31.0)


def test_each_start_is_counted_once() -> None:
    pace = Pace(0.5, 1.0, patience=2.0)
    assert [pace.count(0.5), pace.count(0.6), pace.count(3.0), pace.count(3.0)] == [0, 1, 2, 0]


@given(
    period=st.floats(0.05, 5.0),
    patience=st.floats(0.1, 5.0),
    answers=st.lists(st.floats(0.0, 20.0), min_size=1, max_size=30),
)
def test_whatever_the_app_does_every_start_of_the_plan_is_taken_or_missed(
    period: float, patience: float, answers: list[float]
) -> None:
    pace, now, seen = Pace(0.0, period, patience), 0.0, []
    for answer in answers:
        missed, intended = pace.take(now, now)
        assert all(start.lateness > patience for start in missed)
        assert intended + patience >= now - 1e-9
        seen += [start.intended for start in missed] + [intended]
        now = max(now, intended) + answer
    assert seen == pytest.approx([index * period for index in range(len(seen))])
