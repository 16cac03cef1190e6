"""Cron lines, held against another program that reads them (cronsim, which follows Debian's cron)."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile

import pytest
from cronsim import CronSim, CronSimError

from drills.schedule.occurrences import occurrences
from drills.workspace.cron import parse_cron
from drills.workspace.schedule import ScheduleEntry

SINCE = datetime(2024, 1, 3, 11, 7, tzinfo=UTC)
#: Far enough for a 29 February, near enough for lines that never come.
UNTIL = SINCE + timedelta(days=3 * 366)
#: What the two are known to read differently, each with its reason.
DIFFERENT = {
    "?": "Quartz's 'any' is accepted here, for many calendars are copied from there; cronsim refuses it",
    "L": "cronsim accepts the last day and the last weekday; here `monthly: last Friday 14:00` says so",
    "#": "cronsim accepts the nth weekday; here `monthly: third Friday 14:00` says so",
}
NUMBERS = {"jan": "1", "feb": "2", "dec": "12", "sun": "0", "mon": "1", "fri": "5"}
FIELDS = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, ("jan", "FEB", "Dec")), (0, 7, ("mon", "SUN", "Fri")))


def ours(line: str) -> list[datetime] | None:
    try:
        entry = ScheduleEntry(drill="quiet", cron=line)
    except ValueError:
        return None
    return [each.planned for each in islice(occurrences(entry, SINCE, UNTIL), 10)]


def theirs(line: str) -> list[datetime] | None:
    try:
        return list(islice(takewhile(lambda moment: moment <= UNTIL, CronSim(line, SINCE)), 10))
    except CronSimError:
        return None


def generated(rng: random.Random) -> str:
    """A line that is mostly right: numbers, names, ranges, steps, lists, wrap-arounds, and now and then a slip."""
    return " ".join(
        ",".join(_part(rng, low, high, names) for _ in range(rng.choice((1, 1, 1, 2, 3))))
        for low, high, names in FIELDS
    )


def _part(rng: random.Random, low: int, high: int, names: tuple[str, ...]) -> str:
    def value() -> str:
        if names and rng.random() < 0.2:
            return rng.choice(names)
        return str(rng.randint(low, high)) if rng.random() < 0.995 else str(rng.choice((high + 1, -1, 0, 99999)))

    first, last = (str(each) for each in sorted(rng.sample(range(low, high + 1), 2)))
    span = rng.choice(("*", "*", value(), value(), f"{first}-{last}", f"{first}-{last}"))
    if rng.random() < 0.05:
        span = f"{value()}-{value()}"  # with names, and half of them backwards
    if rng.random() < 0.01:
        span = rng.choice(("?", "L", f"{value()}L", f"{value()}#2", "", "x", "-", f"{value()}-", "**"))
    step = (
        rng.choice(("", "", "", f"/{rng.randint(1, high)}")) if rng.random() < 0.99 else rng.choice(("/0", "/", "/x"))
    )
    return span + step


def _steps_over_one(line: str) -> bool:
    """`4-4/2`: a range of one is that one, as in cron; cronsim goes on to the field's end, as for `4/2`."""
    for first, last in re.findall(r"(\w+)-(\w+)/", line):
        numbers = [NUMBERS.get(each.lower(), each) for each in (first, last)]
        if numbers[0] == numbers[1]:
            return True
    return False


@pytest.mark.slow
def test_ten_thousand_lines_are_due_when_another_cron_says_so_too() -> None:
    rng = random.Random(20261121)
    read = refused = 0
    for line in [generated(rng) for _ in range(10_000)]:
        if any(mark in line for mark in DIFFERENT) or _steps_over_one(line):
            continue
        here, there = ours(line), theirs(line)
        if here == [] and there is None:
            continue  # cronsim refuses days that never come (30 February); here they are a line that is never due
        assert here == there, line
        read, refused = read + (here is not None), refused + (here is None)
    assert read > 5_000
    assert refused > 500


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("0 10 */1 * mon", [5, 12, 19, 26]),
        ("0 10 */2 * mon", [5, 19]),
        ("0 10 1-31 * mon", [*range(1, 32)]),
        ("0 10 *,13 * mon", [5, 12, 19, 26]),
        ("0 10 13 * */2", [13]),
        ("0 10 13 * ?", [13]),
        ("0 10 ? * fri", [2, 9, 16, 23, 30]),
    ],
)
def test_a_day_field_that_begins_with_a_star_is_not_restricted(line: str, days: list[int]) -> None:
    assert [day for day in range(1, 32) if parse_cron(line).matches(date(2026, 10, day))] == days


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("@daily", 'write "0 0 * * *"'),
        ("@reboot", "write five fields"),
        ("0 9 * * fri#3", "monthly: third Friday"),
        ("0 9 * * 5L", "monthly: third Friday"),
        ("0 9 L * *", "write a number from 1 to 31"),
        ("0 9 15W * *", "write a number from 1 to 31"),
        ("? 9 * * *", "write a number from 0 to 59"),
        ("0 9 ?/2 * *", "write a number from 1 to 31"),
        ("0 9 ٣ * *", "write a number from 1 to 31"),
        ("0 " + "9" * 5000 + " * * *", "write a number from 0 to 23"),
        ("0 0 9 * * mon", "write five fields"),
    ],
)
def test_what_other_tools_add_is_refused_with_what_would_be_right(line: str, right: str) -> None:
    with pytest.raises(ValueError, match=r"; write") as raised:
        parse_cron(line)
    assert right in str(raised.value)
