"""The entries of a workspace's schedule: when which drills run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from drills.model.durations import Duration
from drills.model.playbook import Model
from drills.model.responder_kind import ResponderKind
from drills.nearest import nearest, suggest
from drills.workspace.cron import parse_cron

_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: The JSON Schema of a moment, for editors: a time zone may be left out, which JSON Schema's own format does not allow.
_MOMENT = WithJsonSchema(
    {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d", "examples": ["2026-12-03T14:00"]}
)


@dataclass(frozen=True, slots=True)
class MonthlyRule:
    """`third Thursday 14:00`: every month. `ordinal` is 1 to 4, or -1 for the last; `weekday` is 0 for Monday."""

    ordinal: int
    weekday: int
    hour: int
    minute: int
    timezone: str | None = None


def parse_monthly(text: str) -> MonthlyRule:
    """Read `third Thursday 14:00`, with a time zone at the end if wished (`… 14:00 Europe/Paris`).

    Raises ValueError that tells the right form. A fifth weekday is not offered, for most months have none.
    """
    words = text.split()
    right = "write it as `third Thursday 14:00` (first, second, third, fourth or last)"
    if len(words) not in (3, 4):
        raise ValueError(f"{text!r} is not a day of every month; {right}")
    ordinal, weekday, time = words[0].lower(), words[1].lower(), words[2]
    if ordinal not in _ORDINALS:
        raise ValueError(f"{words[0]!r} is not an ordinal; {suggest(ordinal, _ORDINALS)}")
    if weekday not in _WEEKDAYS:
        raise ValueError(f"{words[1]!r} is not a weekday; {suggest(weekday, _WEEKDAYS)}")
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", time)
    if clock is None:
        raise ValueError(f"{time!r} is not a time of day; write it as 14:00")
    zone = _known_zone(words[3]) if len(words) == 4 else None
    return MonthlyRule(_ORDINALS[ordinal], _WEEKDAYS.index(weekday), int(clock[1]), int(clock[2]), zone)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = nearest(name, available_timezones())
        right = f"did you mean {near}?" if near else "write one such as Europe/Paris"
        raise ValueError(f"{name!r} is not a time zone; {right}") from None
    return name


def _checked_monthly(text: str) -> str:
    parse_monthly(text)
    return text


def _checked_cron(text: str) -> str:
    parse_cron(text)
    return text


class ScheduleEntry(Model):
    """One line of the calendar: what to run (one drill, or the next of a rotation) and when."""

    drill: str | None = Field(None, description="The scenario to run.")
    rotation: tuple[str, ...] = Field((), description="Scenarios to run in turn, one each time.")
    monthly: Annotated[str, AfterValidator(_checked_monthly)] | None = Field(
        None, description="A day of every month: `third Thursday 14:00`.", examples=["third Thursday 14:00"]
    )
    cron: Annotated[str, AfterValidator(_checked_cron)] | None = Field(
        None, description="Minute, hour, day, month, weekday.", examples=["0 14 10 1,4,7,10 *"]
    )
    on: Annotated[datetime, _MOMENT] | None = Field(None, description="Once, at this moment.")
    every: Duration | None = Field(None, description="Again and again, this long apart.")
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    responder: ResponderKind = ResponderKind.RUNBOOK

    @property
    def drills(self) -> tuple[str, ...]:
        """The scenarios that this entry may run, in the order of their turns."""
        return (self.drill,) if self.drill else self.rotation

    @property
    def monthly_rule(self) -> MonthlyRule | None:
        """What `monthly` says, with the entry's time zone unless the text names one."""
        if self.monthly is None:
            return None
        rule = parse_monthly(self.monthly)
        zone = rule.timezone or self.timezone
        return MonthlyRule(rule.ordinal, rule.weekday, rule.hour, rule.minute, zone)

    @model_validator(mode="before")
    @classmethod
    def _one_what_and_one_when(cls, value: Any) -> Any:
        if isinstance(value, dict):
            _exactly_one(value, ("drill", "rotation"), "what to run")
            _exactly_one(value, ("monthly", "cron", "on", "every"), "when")
        return value

    @model_validator(mode="after")
    def _is_not_too_often(self) -> Self:
        if self.every is not None and self.every.total_seconds() < 60:
            raise ValueError("'every' is shorter than a drill; write at least 1m")
        return self


def _exactly_one(value: dict[str, Any], keys: tuple[str, ...], what: str) -> None:
    given = [key for key in keys if value.get(key)]
    if len(given) != 1:
        names = ", ".join(keys)
        said = f"says {what} more than once ({', '.join(given)})" if given else f"does not say {what}"
        raise ValueError(f"{said}; write exactly one of {names}")
