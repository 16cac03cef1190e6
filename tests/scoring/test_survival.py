"""What is known of times of which some were not reached."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from drills.scoring.survival import Interval, summary


def of(*times: str) -> list[Interval]:
    """`10+` was not reached after 10."""
    return [Interval(float(each.rstrip("+")), censored=each.endswith("+")) for each in times]


def test_the_median_is_that_of_a_published_example() -> None:
    """Freireich et al. 1963, 21 patients on 6-MP, as textbooks work it out: the median remission lasts 23 weeks."""
    weeks = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
    found = summary(of(*weeks.split()))
    assert (found.median, found.p90, found.not_reached) == (23.0, None, 12)


def test_without_censoring_quantiles_are_the_shortest_times_by_which_so_many_had_come() -> None:
    found = summary(of("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"))
    assert (found.median, found.p90, found.mean, found.not_reached) == (5.0, 9.0, 5.5, 0)


def test_what_was_not_reached_is_longer_than_it_was_watched() -> None:
    found = summary(of("10", "60+", "60+"))
    assert (found.median, found.p90) == (None, None)
    assert found.mean == (10 + 60 + 60) / 3
    assert found.not_reached == 2
    assert summary(of("60+")).median is None


def test_of_nothing_nothing_is_known() -> None:
    assert summary([]) == summary(())
    assert summary([]).median is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 1e5), st.booleans()), min_size=1, max_size=20), st.data())
def test_not_reaching_a_moment_never_makes_a_median_shorter(
    times: list[tuple[float, bool]], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(times) - 1))
    before = summary([Interval(*each) for each in times])
    times[index] = (times[index][0], True)
    after = summary([Interval(*each) for each in times])
    assert (after.median or float("inf")) >= (before.median or float("inf"))
