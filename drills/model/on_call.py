"""Who is on call at a moment: rotations that hand over at a local time, and overrides for a holiday or a swap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drills.model.playbook import Model


class Rotation(Model):
    """People who take turns. The first one's first turn begins on `starts` at `handover`, in the time zone's own time.

    Turns are whole days of the calendar, so that a handover stays at the same local time when the clock changes; one at
    a time that does not exist on that night happens when the clock has jumped.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    people: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    starts: date
    handover: time = time(9)
    every_days: int = Field(7, ge=1, le=366)
    time_zone: str = Field(description="An IANA name, such as Europe/Paris.")
    contacts: tuple[str, ...] = Field((), description="The contacts of playbooks whom these people are.")

    @model_validator(mode="after")
    def _has_a_zone(self) -> Self:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"time-zone {self.time_zone!r} is not known; write an IANA name, such as UTC") from None
        if self.handover.tzinfo is not None:
            raise ValueError("'handover' is in the rotation's time zone; write it without one of its own")
        return self


class Override(Model):
    """Somebody else is on call, from `since` to `until`, in the rotation's own time. The last one written counts."""

    rotation: str
    who: str = Field(min_length=1)
    since: datetime
    until: datetime
    why: str = ""

    @model_validator(mode="after")
    def _is_a_stretch(self) -> Self:
        if self.since.tzinfo is not None or self.until.tzinfo is not None:
            raise ValueError("'since' and 'until' are in the rotation's time zone; write them without one of their own")
        if self.until <= self.since:
            raise ValueError("'until' is not after 'since'")
        return self


class OnCall(Model):
    """The rotations of a workspace."""

    rotations: tuple[Rotation, ...] = ()
    overrides: tuple[Override, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        names = [rotation.name for rotation in self.rotations]
        if len(set(names)) < len(names):
            raise ValueError("two rotations have the same name")
        for override in self.overrides:
            if override.rotation not in names:
                raise ValueError(
                    f"an override names rotation {override.rotation!r}; known: {', '.join(names) or 'none'}"
                )
        return self


class PersonOnCall(BaseModel):
    """Who was on call for which contacts of the playbook when a drill began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rotation: str
    who: str
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is on call from `since` to `until`; `instead_of` names whose turn it would be, for an override."""

    rotation: str
    who: str
    since: datetime
    until: datetime
    instead_of: str = ""
    why: str = ""


def shift_at(on_call: OnCall, rotation: Rotation, at: datetime) -> Shift | None:
    """Who is on call at that moment (aware); None before the rotation begins."""
    zone = ZoneInfo(rotation.time_zone)
    turn = _turn(rotation, at, zone)
    if turn is None:
        return None
    number, since, until = turn
    regular = rotation.people[number % len(rotation.people)]
    shift = Shift(rotation.name, regular, since, until)
    for override in (each for each in on_call.overrides if each.rotation == rotation.name):
        begins, ends = override.since.replace(tzinfo=zone), override.until.replace(tzinfo=zone)
        if _before(begins, at) and _later(ends, at):
            shift = Shift(rotation.name, override.who, begins, ends, regular, override.why)
        elif _later(begins, at) and _later(shift.until, begins):
            shift = Shift(shift.rotation, shift.who, shift.since, begins, shift.instead_of, shift.why)
        elif _before(ends, at) and _later(ends, shift.since):
            shift = Shift(shift.rotation, shift.who, ends, shift.until, shift.instead_of, shift.why)
    return shift


def shifts(on_call: OnCall, rotation: Rotation, since: datetime, until: datetime) -> Iterator[Shift]:
    """The shifts from `since` to `until`, one after the other; the first and the last may reach beyond."""
    at = since
    while _later(until, at):
        shift = shift_at(on_call, rotation, at)
        if shift is None:
            at = _handover(rotation, 0, ZoneInfo(rotation.time_zone))
            continue
        yield shift
        at = shift.until


def people_on_call(on_call: OnCall, at: datetime) -> tuple[PersonOnCall, ...]:
    """Everybody who is on call at that moment, in the order of the rotations."""
    found = [(rotation, shift_at(on_call, rotation, at)) for rotation in on_call.rotations]
    return tuple(
        PersonOnCall(rotation=rotation.name, who=shift.who, contacts=rotation.contacts)
        for rotation, shift in found
        if shift is not None
    )


def _turn(rotation: Rotation, at: datetime, zone: ZoneInfo) -> tuple[int, datetime, datetime] | None:
    days = (at.astimezone(zone).date() - rotation.starts).days
    number = days // rotation.every_days
    if _later(_handover(rotation, number, zone), at):
        number -= 1
    if number < 0:
        return None
    return number, _handover(rotation, number, zone), _handover(rotation, number + 1, zone)


def _handover(rotation: Rotation, number: int, zone: ZoneInfo) -> datetime:
    day = rotation.starts + timedelta(days=number * rotation.every_days)
    return datetime.combine(day, rotation.handover, zone)


def _later(one: datetime, other: datetime) -> bool:
    """Two times of the same zone are compared by their digits, which go back when clocks do: so not by `>`."""
    return one.timestamp() > other.timestamp()


def _before(one: datetime, other: datetime) -> bool:
    return not _later(one, other)
