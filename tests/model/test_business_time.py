"""When a limit is over, by the clock and by business days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.model.business_time import due, due_seconds, is_business_day
from drills.model.playbook import BusinessTime, Limit, Weekday

PARIS = ZoneInfo("Europe/Paris")
HOURS = BusinessTime(time_zone="Europe/Paris", source="line 1")
NEXT_DAY = Limit(business_days=1, source="line 2")


def in_paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("began", "over"),
    [
        ("2026-11-27 16:00", "2026-11-30 17:00"),  # a Friday
        ("2026-11-28 03:00", "2026-11-30 17:00"),  # a Saturday
        ("2026-11-29 23:59", "2026-11-30 17:00"),  # a Sunday
        ("2026-11-30 08:59", "2026-11-30 17:00"),  # a Monday, before it opens
        ("2026-11-30 09:00", "2026-12-01 17:00"),
        ("2026-12-24 16:00", "2026-12-25 17:00"),  # Christmas, for a playbook that names no country
    ],
)
def test_the_next_business_day_ends_at_closing_time(began: str, over: str) -> None:
    assert due(NEXT_DAY, in_paris(began), HOURS) == in_paris(over)


@pytest.mark.parametrize(
    ("country", "region", "began", "over"),
    [
        ("FR", None, "2026-12-24 16:00", "2026-12-28 17:00"),
        ("DE", "BY", "2027-01-05 10:00", "2027-01-07 17:00"),  # Epiphany is a holiday in Bavaria
        ("DE", "BE", "2027-01-05 10:00", "2027-01-06 17:00"),  # and not in Berlin
    ],
)
def test_holidays_of_the_country_and_region_are_no_business_days(
    country: str, region: str | None, began: str, over: str
) -> None:
    hours = HOURS.model_copy(update={"country": country, "region": region})
    assert due(NEXT_DAY, in_paris(began), hours) == in_paris(over)


def test_the_day_is_that_of_the_calendars_zone() -> None:
    """Monday 08:30 UTC is 09:30 in Paris, where the day has begun."""
    assert due(NEXT_DAY, datetime(2026, 11, 30, 8, 30, tzinfo=UTC), HOURS) == in_paris("2026-12-01 17:00")
    assert due(NEXT_DAY, datetime(2026, 11, 30, 7, 30, tzinfo=UTC), HOURS) == in_paris("2026-11-30 17:00")


def test_a_change_of_the_clock_is_counted_in_real_seconds() -> None:
    """Clocks go back in the night to Sunday, 25 October 2026: this weekend has an hour more."""
    friday = in_paris("2026-10-23 17:00")
    assert due_seconds(NEXT_DAY, friday, HOURS) == 73 * 3600
    assert due_seconds(NEXT_DAY, friday + timedelta(weeks=1), HOURS) == 72 * 3600


def test_a_duration_goes_by_the_clock_and_words_alone_are_never_due() -> None:
    friday = in_paris("2026-10-24 17:00")
    assert due_seconds(Limit(within=timedelta(hours=24), source="line 3"), friday.astimezone(UTC), HOURS) == 24 * 3600
    assert due(Limit(says="next sprint", source="line 4"), friday, HOURS) is None


def test_a_country_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="the holidays of XX are not known"):
        is_business_day(date(2026, 1, 5), HOURS.model_copy(update={"country": "XX"}))


def test_business_days_without_a_calendar_are_refused() -> None:
    with pytest.raises(ValueError, match="business-time"):
        due(NEXT_DAY, in_paris("2026-11-27 16:00"), None)


@given(
    began=st.integers(1_577_836_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    days=st.sets(st.sampled_from(Weekday), min_size=1),
    count=st.integers(1, 10),
)
def test_it_is_a_business_day_after_the_beginning_and_exactly_that_many_lie_between(
    began: datetime, days: set[Weekday], count: int
) -> None:
    hours = BusinessTime(time_zone="Europe/Paris", days=tuple(days), closes=time(18, 30), source="line 1")
    over = due(Limit(business_days=count, source="line 2"), began, hours)
    assert over is not None
    local = began.astimezone(PARIS)
    first = local.date() + timedelta(days=local.time() >= hours.opens)
    between = [first + timedelta(days=after) for after in range((over.date() - first).days + 1)]
    assert over > began
    assert is_business_day(over.date(), hours)
    assert sum(is_business_day(day, hours) for day in between) == count
