"""A cron line: minute, hour, day of the month, month, weekday (0 and 7 are Sunday, 1 is Monday), as crontab(5) has it.

APScheduler reads weekdays the other way (0 is Monday), so the line is read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True, slots=True)
class Cron:
    """`weekdays` are 0 for Monday, as Python counts. When day and weekday are both restricted, either will do."""

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def matches(self, day: date) -> bool:
        """Whether the line names this day."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.weekday() in self.weekdays
        return by_day or by_weekday if self.either_day else by_day and by_weekday


@lru_cache(maxsize=256)
def parse_cron(line: str) -> Cron:
    """Read a cron line. Raises ValueError that names the field and what would be right."""
    fields = line.split()
    if len(fields) != 5:
        raise ValueError(f"{line!r} is not a cron line; write five fields: minute hour day month weekday")
    minutes = _values("minute", fields[0], 0, 59)
    hours = _values("hour", fields[1], 0, 23)
    days = _values("day", fields[2], 1, 31)
    months = _values("month", fields[3], 1, 12, _MONTHS)
    weekdays = _values("weekday", fields[4], 0, 7, _WEEKDAYS)
    return Cron(
        tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days,
        months,
        frozenset((day - 1) % 7 for day in weekdays),
        not _is_any(fields[2]) and not _is_any(fields[4]),
    )


def _is_any(field: str) -> bool:
    return field in ("*", "?")


def _values(name: str, field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step_text = part.partition("/")
        step = _number(name, step_text, 1, high, ()) if step_text or "/" in part else 1
        if _is_any(span):
            first, last = low, high
        elif "-" in span:
            start, _, end = span.partition("-")
            first, last = _number(name, start, low, high, names), _number(name, end, low, high, names)
            if first > last:
                raise ValueError(f"{name} {part!r} runs backwards; write the smaller one first")
        else:
            first = _number(name, span, low, high, names)
            last = high if "/" in part else first
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _number(name: str, text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text.lower() in names:
        return names.index(text.lower()) + (1 if names is _MONTHS else 0)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        known = f" or {names[0]} to {names[-1]}" if names else ""
        raise ValueError(f"{name} {text!r} is not right; write a number from {low} to {high}{known}")
    return int(text)
