"""Durations as people write them: `90s`, `5m`, `4h`, `1h30m`, `250ms`, `2d`, `1w`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

#: Longer than any policy says; databases, clocks and libraries count in less than what a number can say.
LONGEST = timedelta(weeks=5200)

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_WHOLE = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w))+")


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `1h30m`.

    Raises ValueError, with an example of the right form, for anything else (also for `5 m` and `5`), and for more than
    a hundred years.
    """
    if not _WHOLE.fullmatch(text):
        compact = re.sub(r"\s+", "", text)
        hint = (
            f"write {compact}" if _WHOLE.fullmatch(compact) else "write a number and a unit, such as 30s, 5m or 1h30m"
        )
        raise ValueError(f"{text!r} is not a duration; {hint}")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than a hundred years; write {format_duration(LONGEST)} or less")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta | float) -> str:
    """The shortest exact form that `parse_duration` reads back; zero is `0s`."""
    milliseconds = round((duration.total_seconds() if isinstance(duration, timedelta) else duration) * 1000)
    if milliseconds < 0:
        return f"-{format_duration(-milliseconds / 1000)}"
    parts = []
    for unit, size in (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def humane(duration: timedelta | float) -> str:
    """A duration for reading. Seconds are taken for measured: `0.4 s`, `12.4 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`.

    A timedelta is taken for stated, such as a limit, and shown without rounding: `250 ms`, `30 s`, `5 m`, `1 h 30 m`.
    """
    if isinstance(duration, timedelta):
        return re.sub(r"([0-9]+)([a-z]+)", r"\1 \2 ", format_duration(duration)).strip()
    if duration < 0:
        return f"-{humane(-duration)}"
    if duration < 99.95:
        return f"{duration:.1f} s"
    whole = round(duration)
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def humane_limit(seconds: float) -> str:
    """A limit in seconds for reading: exact where it was stated, rounded where it counts from a measured moment."""
    return humane(timedelta(seconds=seconds)) if seconds == round(seconds) else humane(seconds)


def _coerce(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"{value!r} is not a duration; write a number and a unit, such as 30s, 5m or 1h30m")


Duration = Annotated[
    timedelta,
    BeforeValidator(_coerce),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|s|m|h|d|w))+$", "examples": ["30s", "5m", "1h30m"]}
    ),
]


def bounded(least: timedelta, most: timedelta = LONGEST) -> AfterValidator:
    """What a Duration is annotated with so that no other is accepted."""

    def check(value: timedelta) -> timedelta:
        if value < least:
            raise ValueError(f"{format_duration(value)} is too short; write {format_duration(least)} or more")
        if value > most:
            raise ValueError(f"{format_duration(value)} is too long; write {format_duration(most)} or less")
        return value

    return AfterValidator(check)
