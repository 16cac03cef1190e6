"""Commands that changed the sandbox, by who typed them."""

from __future__ import annotations

from drills.model.events import ActionTaken, CommanderNamed
from drills.model.timeline import Timeline


def typed_by_commander(timeline: Timeline) -> tuple[ActionTaken, ...]:
    """The commands that changed something and were typed by whoever commanded then, as far as it was said.

    Whoever types a command says so by DRILLS_AS; names are compared without regard to case and blanks around them.
    """
    found = []
    for action in timeline.all(ActionTaken):
        named = [event.commander for event in timeline.all(CommanderNamed) if event.t <= action.t]
        if named and action.who and not action.read_only and _same(named[-1], action.who):
            found.append(action)
    return tuple(found)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
