"""Who is on call in this workspace, and how evenly people share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from drills.app.access import Act
from drills.model.on_call import Shift, people_on_call, shift_at, shifts

if TYPE_CHECKING:
    from drills.app.context import Context

#: People share evenly when nobody has more than this many times the days of another.
EVEN = 1.25


@dataclass(frozen=True, slots=True)
class RotationNow:
    """A rotation: the shift that was asked for (None before it begins), the next one, and the contacts that it is."""

    name: str
    contacts: tuple[str, ...]
    zone: ZoneInfo
    shift: Shift | None
    following: Shift | None


@dataclass(frozen=True, slots=True)
class Load:
    """Days on call of each person over some weeks. `wanted` says whether the playbook asks for an even load."""

    days: Mapping[str, float]
    wanted: bool

    @property
    def even(self) -> bool:
        return not self.days or max(self.days.values()) <= EVEN * min(self.days.values())


def who_is_on_call(context: Context, at: datetime | None = None) -> tuple[RotationNow, ...]:
    """Each rotation at that moment (aware; default: now). Raises NotAllowed."""
    context.require_on_machine(Act.READ_CALENDAR)
    on_call = context.workspace.config.on_call
    moment = at or context.clock.now()
    found = []
    for rotation in on_call.rotations:
        shift = shift_at(on_call, rotation, moment)
        following = None if shift is None else shift_at(on_call, rotation, shift.until)
        found.append(RotationNow(rotation.name, rotation.contacts, ZoneInfo(rotation.time_zone), shift, following))
    return tuple(found)


def load(context: Context, weeks: int, at: datetime | None = None) -> Load:
    """How many days each person is on call in the weeks from that moment on. Raises NotAllowed."""
    context.require_on_machine(Act.READ_CALENDAR)
    workspace = context.workspace
    since = at or context.clock.now()
    until = since + timedelta(weeks=weeks)
    days: dict[str, float] = {}
    for rotation in workspace.config.on_call.rotations:
        days |= {person: days.get(person, 0.0) for person in rotation.people}
        for shift in shifts(workspace.config.on_call, rotation, since, until):
            begins, ends = max(shift.since, since), min(shift.until, until)
            seconds = ends.timestamp() - begins.timestamp()
            days[shift.who] = days.get(shift.who, 0.0) + seconds / 86_400
    goals = workspace.playbook(None).goals
    return Load(days, goals is not None and goals.even_load)


def on_call_now(context: Context) -> tuple[str, ...]:
    """The names of those who are on call now, each with its rotation. Raises NotAllowed."""
    context.require_on_machine(Act.READ_CALENDAR)
    people = people_on_call(context.workspace.config.on_call, context.clock.now())
    return tuple(f"{each.who} ({each.rotation})" for each in people)
