"""A cron line: minute, hour, day of the month, month, weekday (0 and 7 are Sunday, 1 is Monday), as crontab(5) has it.

APScheduler reads weekdays the other way (0 is Monday), so the line is read here. Of what other tools add, `?` is
accepted for either day field (Quartz's "any"); `L`, `W`, `#` and `@daily` are refused with what would be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

#: `007` is 7; more zeros than this are a slip.
_MOST_DIGITS = 4
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: crontab(5)'s nicknames; written out, a line shows when it is due. `@reboot` is no time.
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True, slots=True)
class Cron:
    """`weekdays` are 0 for Monday, as Python counts.

    A day field that begins with `*` is not restricted, also with a step: then a day must match both fields. When both
    are restricted, either will do (crontab(5), "Note: the day of a command's execution …").
    """

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
        written_out = _NICKNAMES.get(line.strip().lower())
        right = f'write "{written_out}"' if written_out else "write five fields: minute hour day month weekday"
        raise ValueError(f"{line!r} is not a cron line; {right}")
    fields[2], fields[4] = ("*" if field == "?" else field for field in (fields[2], fields[4]))
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
        not fields[2].startswith("*") and not fields[4].startswith("*"),
    )


def _values(name: str, field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step_text = part.partition("/")
        step = _number(name, step_text, 1, high, ()) if step_text or "/" in part else 1
        if span == "*":
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
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS or not low <= int(text) <= high:
        known = f" or {names[0]} to {names[-1]}" if names else ""
        right = f"write a number from {low} to {high}{known}"
        if names is _WEEKDAYS and ("#" in text or text.upper().endswith("L")):
            right = "write `monthly: third Friday 14:00` (or last Friday) instead of a cron line"
        raise ValueError(f"{name} {text!r} is not right; {right}")
    return int(text)
