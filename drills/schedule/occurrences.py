"""When the entries of a schedule are due, and which drill it is then.

Times are those of the entry's time zone: 14:00 stays 14:00 through summer and winter. A time that the clocks skip
(02:30 on the last Sunday of March in Paris) takes place as much later as they skip (03:30); a time that they repeat
takes place the first time only. Which drill of a rotation has its turn follows from the occurrence's number, and the
number from the calendar, so that a restart, a skipped drill or a year without a service shifts nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from drills.model.durations import format_duration
from drills.workspace.cron import parse_cron
from drills.workspace.schedule import MonthlyRule, ScheduleEntry

#: Occurrences are numbered from here, and `every` is counted from here: a Monday, at midnight of the entry's zone.
EPOCH = date(2024, 1, 1)
#: A 29 February may be eight years away; what has no occurrence by then has none.
_HORIZON = timedelta(days=366 * 9)
#: No zone is further from UTC than this.
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One planned drill. `planned` is in UTC; `local` is the same moment in the entry's time zone."""

    entry: str
    number: int
    planned: datetime
    local: datetime
    drill: str
    responder: str


def entry_id(entry: ScheduleEntry) -> str:
    """The same for the same entry, wherever it stands in the file."""
    text = json.dumps(entry.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def says(entry: ScheduleEntry) -> str:
    """The entry in words: `database-failure, third Thursday 14:00 Europe/Paris`."""
    what = " → ".join(entry.drills)
    if entry.every is not None:
        return f"{what}, every {format_duration(entry.every)}"
    if entry.on is not None:
        return f"{what}, on {_moment(entry.on, _zone(entry)):%Y-%m-%d %H:%M} {_zone(entry).key}"
    return f"{what}, {entry.monthly or f'cron {entry.cron}'} {_zone(entry).key}"


def occurrences(entry: ScheduleEntry, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """Every occurrence later than `after` and not later than `until`, in order."""
    zone = _zone(entry)
    key = entry_id(entry)
    seen = after.astimezone(UTC)
    for number, local in _planned(entry, zone, seen, until.astimezone(UTC)):
        planned = local.astimezone(UTC)
        if planned > until:
            break
        if planned > seen:  # of two that the change of clocks makes coincide, one takes place
            seen = planned
            drill = entry.drills[number % len(entry.drills)]
            yield Occurrence(key, number, planned, planned.astimezone(zone), drill, entry.responder)


def next_occurrence(entry: ScheduleEntry, after: datetime) -> Occurrence | None:
    """The first one later than `after`; None when there is none in the next nine years."""
    return next(occurrences(entry, after, after + _HORIZON), None)


def upcoming(schedule: Iterable[ScheduleEntry], since: datetime, months: int) -> list[Occurrence]:
    """What is to come in the next `months` months, in order of time."""
    until = _months_later(since, months)
    found = [each for entry in schedule for each in occurrences(entry, since, until)]
    return sorted(found, key=lambda each: (each.planned, each.entry))


def _planned(entry: ScheduleEntry, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[tuple[int, datetime]]:
    """Numbers and moments, in order of the moments, from somewhat before `after` to at least `until`."""
    first = max(EPOCH, after.date() - _DAY)
    last = min(until, datetime.max.replace(tzinfo=UTC) - 2 * _DAY).date() + _DAY
    if entry.on is not None:
        yield 0, _moment(entry.on, zone)
    elif entry.every is not None:
        yield from _every(entry.every, zone, after)
    elif (rule := entry.monthly_rule) is not None:
        yield from _monthly(rule, zone, first, last)
    elif entry.cron is not None:
        yield from _cron(entry.cron, zone, first, last)


def _every(every: timedelta, zone: ZoneInfo, after: datetime) -> Iterator[tuple[int, datetime]]:
    origin = datetime.combine(EPOCH, time(), zone).astimezone(UTC)
    number = max(0, (after - origin) // every)
    while True:
        try:
            yield number, origin + number * every
        except OverflowError:
            return
        number += 1


def _monthly(rule: MonthlyRule, zone: ZoneInfo, first: date, last: date) -> Iterator[tuple[int, datetime]]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        day = _weekday_of_month(year, month, rule.weekday, rule.ordinal)
        if day is not None:
            number = (year - EPOCH.year) * 12 + month - EPOCH.month
            yield number, datetime.combine(day, time(rule.hour, rule.minute), zone)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _weekday_of_month(year: int, month: int, weekday: int, ordinal: int) -> date | None:
    """The nth weekday of a month, or the last one for -1; None in a month without a fifth one."""
    if ordinal < 0:
        after = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
        end = after - _DAY
        return end - timedelta(days=(end.weekday() - weekday) % 7)
    start = date(year, month, 1)
    day = start + timedelta(days=(weekday - start.weekday()) % 7 + 7 * (ordinal - 1))
    return day if day.month == month else None


def _cron(line: str, zone: ZoneInfo, first: date, last: date) -> Iterator[tuple[int, datetime]]:
    cron = parse_cron(line)
    days_before = sum(cron.matches(EPOCH + timedelta(days=each)) for each in range((first - EPOCH).days))
    number = days_before * len(cron.times)
    day = first
    while day <= last:
        if cron.matches(day):
            moments = [datetime.combine(day, each, zone) for each in cron.times]
            numbered = list(enumerate(moments, number))
            # A time that the clocks skip comes after some that stand later in the line.
            yield from sorted(numbered, key=lambda each: each[1].astimezone(UTC))
            number += len(moments)
        day += _DAY


def _moment(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _zone(entry: ScheduleEntry) -> ZoneInfo:
    rule = entry.monthly_rule
    return ZoneInfo(rule.timezone if rule is not None and rule.timezone else entry.timezone)


def _months_later(since: datetime, months: int) -> datetime:
    years, month = divmod(since.month - 1 + months, 12)
    for day in range(since.day, 27, -1):
        try:
            return since.replace(year=since.year + years, month=month + 1, day=day)
        except ValueError:
            continue
    return since.replace(year=since.year + years, month=month + 1)
