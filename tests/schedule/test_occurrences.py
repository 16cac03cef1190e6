"""When the entries of a schedule are due."""

from __future__ import annotations

import pickle
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drills.schedule.occurrences import Occurrence, entry_id, next_occurrence, occurrences, says, upcoming
from drills.schedule.trigger import EntryTrigger
from drills.workspace.cron import parse_cron
from drills.workspace.schedule import ScheduleEntry

PARIS = ZoneInfo("Europe/Paris")


def entry(**fields: Any) -> ScheduleEntry:
    return ScheduleEntry(**({"drill": "slow-query"} if "rotation" not in fields else {}), **fields)


def between(schedule: ScheduleEntry, since: str, until: str) -> list[Occurrence]:
    return list(
        occurrences(
            schedule,
            datetime.fromisoformat(since).replace(tzinfo=UTC),
            datetime.fromisoformat(until).replace(tzinfo=UTC),
        )
    )


def local(found: list[Occurrence]) -> list[str]:
    return [f"{each.local:%Y-%m-%d %H:%M}" for each in found]


def test_the_third_thursday_of_each_month_at_two_in_paris() -> None:
    found = between(entry(monthly="third Thursday 14:00", timezone="Europe/Paris"), "2026-01-01", "2026-04-30")
    assert local(found) == ["2026-01-15 14:00", "2026-02-19 14:00", "2026-03-19 14:00", "2026-04-16 14:00"]
    assert [each.planned.hour for each in found] == [13, 13, 13, 12], "two in the afternoon stays two, through summer"


def test_the_last_friday_of_a_month_whatever_its_length() -> None:
    found = between(entry(monthly="last Friday 09:30"), "2028-01-01", "2028-04-30")
    assert local(found) == ["2028-01-28 09:30", "2028-02-25 09:30", "2028-03-31 09:30", "2028-04-28 09:30"]


def test_a_cron_line_counts_weekdays_as_crontab_does() -> None:
    assert local(between(entry(cron="0 9 * * 1"), "2026-11-21", "2026-12-08")) == [
        "2026-11-23 09:00",
        "2026-11-30 09:00",
        "2026-12-07 09:00",
    ]
    assert parse_cron("0 9 * * 7") == parse_cron("0 9 * * sun") == parse_cron("0 9 * * 0")


def test_day_and_weekday_together_mean_either_as_in_crontab() -> None:
    found = between(entry(cron="0 9 13 * fri"), "2026-03-01", "2026-03-21")
    assert local(found) == ["2026-03-06 09:00", "2026-03-13 09:00", "2026-03-20 09:00"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("60 9 * * *", "minute '60' is not right; write a number from 0 to 59"),
        ("0 9 * foo *", "month 'foo' is not right; write a number from 1 to 12 or jan to dec"),
        ("0 9 5-1 * *", "day '5-1' runs backwards"),
        ("0 9 */0 * *", "day '0' is not right"),
    ],
)
def test_a_cron_line_that_cannot_be_read_says_which_field(line: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"is not right|backwards") as raised:
        parse_cron(line)
    assert complaint in str(raised.value)


def test_a_time_that_the_clocks_skip_takes_place_as_much_later() -> None:
    found = between(entry(cron="30 2 * * *", timezone="Europe/Paris"), "2026-03-27", "2026-03-30T12:00")
    assert local(found) == ["2026-03-27 02:30", "2026-03-28 02:30", "2026-03-29 03:30", "2026-03-30 02:30"]


def test_a_time_that_the_clocks_repeat_takes_place_the_first_time_only() -> None:
    found = between(entry(cron="30 2 * * *", timezone="Europe/Paris"), "2026-10-24T12:00", "2026-10-26")
    assert [each.planned for each in found] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_two_times_that_the_change_of_clocks_makes_one_take_place_once() -> None:
    found = between(entry(cron="30 2,3 * * *", timezone="Europe/Paris"), "2026-03-28T12:00", "2026-03-29T12:00")
    assert local(found) == ["2026-03-29 03:30"]


@pytest.mark.parametrize(
    ("zone", "cron", "since", "until", "due"),
    [
        ("Africa/Cairo", "0 0 * * *", "2026-04-23T12:00", "2026-04-24T12:00", ["2026-04-24 01:00"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00", "2026-10-04T00:00", ["2026-10-04 02:45"]),
        ("America/New_York", "30 1 * * *", "2026-10-31T12:00", "2026-11-01T12:00", ["2026-11-01 01:30"]),
        ("Asia/Kolkata", "30 5 * * *", "2026-03-28T12:00", "2026-03-29T12:00", ["2026-03-29 05:30"]),
        (
            "Europe/Paris",
            "0 * * * *",
            "2026-10-24T23:30",
            "2026-10-25T03:30",
            ["2026-10-25 02:00", "2026-10-25 03:00", "2026-10-25 04:00"],
        ),
        (
            "Europe/Paris",
            "0 */2 * * *",
            "2026-03-28T22:30",
            "2026-03-29T04:30",
            [f"2026-03-29 {hour}:00" for hour in ("00", "03", "04", "06")],
        ),
    ],
)
def test_what_is_due_when_the_clocks_change(zone: str, cron: str, since: str, until: str, due: list[str]) -> None:
    assert local(between(entry(cron=cron, timezone=zone), since, until)) == due


def test_a_date_comes_once() -> None:
    once = entry(on="2026-12-03T14:00", timezone="Europe/Paris")
    assert [each.planned for each in between(once, "2026-01-01", "2030-01-01")] == [
        datetime(2026, 12, 3, 13, tzinfo=UTC)
    ]
    assert next_occurrence(once, datetime(2026, 12, 3, 13, tzinfo=UTC)) is None


def test_every_is_counted_from_a_fixed_monday_so_that_a_restart_shifts_nothing() -> None:
    weekly = entry(every="1w")
    found = between(weekly, "2026-11-21", "2026-12-08")
    assert [f"{each.planned:%a %H:%M}" for each in found] == ["Mon 00:00"] * 3
    assert between(weekly, "2026-11-25", "2026-12-08") == found[1:]


def test_a_leap_day_is_found_years_ahead() -> None:
    found = next_occurrence(entry(cron="0 12 29 2 *"), datetime(2028, 3, 1, tzinfo=UTC))
    assert found is not None
    assert found.planned == datetime(2032, 2, 29, 12, tzinfo=UTC)
    assert next_occurrence(entry(cron="0 12 30 2 *"), datetime(2028, 3, 1, tzinfo=UTC)) is None


def test_a_rotation_takes_its_turn_by_the_calendar_wherever_one_begins_to_check() -> None:
    rotation = entry(rotation=("a", "b", "c"), monthly="first Monday 10:00")
    year = between(rotation, "2026-01-01", "2027-01-01")
    assert [each.drill for each in year] == ["a", "b", "c"] * 4
    assert between(rotation, "2026-05-20", "2027-01-01") == year[5:]


def test_a_rotation_by_cron_goes_on_over_the_turn_of_the_year() -> None:
    rotation = entry(rotation=("a", "b", "c", "d", "e"), cron="0 9 * * 1,4")
    turns = [each.number for each in between(rotation, "2026-11-01", "2027-03-01")]
    assert [later - earlier for earlier, later in pairwise(turns)] == [1] * (len(turns) - 1)


def test_what_is_to_come_is_in_order_of_time() -> None:
    schedule = [entry(monthly="first Monday 10:00"), entry(drill=None, rotation=("a", "b"), cron="0 9 1 * *")]
    found = upcoming(schedule, datetime(2026, 8, 31, tzinfo=UTC), months=6)
    assert [each.planned for each in found] == sorted(each.planned for each in found)
    assert len(found) == 12
    assert found[-1].planned < datetime(2027, 2, 28, 0, 1, tzinfo=UTC)


def test_an_entry_keeps_its_identity_and_says_itself() -> None:
    one = entry(monthly="third Thursday 14:00", timezone="Europe/Paris")
    assert entry_id(one) == entry_id(entry(monthly="third Thursday 14:00", timezone="Europe/Paris"))
    assert entry_id(one) != entry_id(entry(monthly="third Thursday 14:00"))
    assert says(one) == "slow-query, third Thursday 14:00 Europe/Paris"


def test_the_trigger_survives_pickling_and_keeps_what_was_missed() -> None:
    trigger = pickle.loads(pickle.dumps(EntryTrigger(entry(cron="0 * * * *"))))
    before, now = datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 1, 20, tzinfo=UTC)
    assert trigger.get_next_fire_time(before, now) == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert trigger.get_next_fire_time(None, now) == datetime(2026, 1, 1, 21, tzinfo=UTC)


zones = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
whens = st.one_of(
    st.builds(
        lambda ordinal, day, hour, minute: {"monthly": f"{ordinal} {day} {hour:02d}:{minute:02d}"},
        st.sampled_from(["first", "second", "third", "fourth", "last"]),
        st.sampled_from(["Monday", "Thursday", "Sunday"]),
        st.integers(0, 23),
        st.integers(0, 59),
    ),
    st.builds(
        lambda minute, hour, day: {"cron": f"{minute} {hour} {day} * *"},
        st.sampled_from(["0", "*/20", "15,45"]),
        st.sampled_from(["*", "1-3", "2", "23"]),
        st.sampled_from(["*", "28-31", "1"]),
    ),
    st.builds(lambda minutes: {"every": timedelta(minutes=minutes)}, st.integers(300, 50_000)),
)
starts = st.integers(0, 4600).map(
    lambda days: datetime(2024, 6, 1, tzinfo=UTC) + timedelta(days=days, minutes=days * 7)
)


@given(whens, zones, starts, st.integers(1, 60))
@settings(max_examples=80, deadline=None)
def test_checking_in_two_parts_finds_the_same_as_checking_once(
    when: dict[str, Any], zone: str, since: datetime, days: int
) -> None:
    schedule = entry(rotation=("a", "b", "c"), timezone=zone, **when)
    middle, until = since + timedelta(days=days), since + timedelta(days=2 * days)
    whole = list(occurrences(schedule, since, until))
    assert [*occurrences(schedule, since, middle), *occurrences(schedule, middle, until)] == whole
    assert all(since < each.planned <= until for each in whole)
    assert all(one.planned < other.planned for one, other in pairwise(whole))
    step = next_occurrence(schedule, since)
    assert step is None or not whole or step == whole[0]


@given(zones, starts, st.sampled_from(["first", "second", "third", "fourth", "last"]), st.integers(0, 23))
@settings(max_examples=80, deadline=None)
def test_each_month_has_one_at_its_local_hour_unless_the_clocks_skip_it(
    zone: str, since: datetime, ordinal: str, hour: int
) -> None:
    schedule = entry(monthly=f"{ordinal} Sunday {hour:02d}:30", timezone=zone)
    found = list(occurrences(schedule, since, since + timedelta(days=800)))
    assert len({(each.local.year, each.local.month) for each in found}) == len(found) >= 25
    for each in found:
        assert each.local.weekday() == 6
        nominal = each.local.replace(hour=hour, minute=30, fold=0)
        exists = nominal.astimezone(UTC).astimezone(nominal.tzinfo).hour == hour
        assert not exists or (each.local.hour, each.local.minute) == (hour, 30)
        if ordinal == "last":
            assert each.local.day > monthrange(each.local.year, each.local.month)[1] - 7
