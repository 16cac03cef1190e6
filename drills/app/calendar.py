"""Upcoming drills and their times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from drills.app.access import Act
from drills.model.on_call import people_on_call
from drills.model.responder_kind import answered_blind

if TYPE_CHECKING:
    from drills.app.context import Context


@dataclass(frozen=True, slots=True)
class ComingDrill:
    """A planned drill, and who is on call then.

    `local` is in its entry's time zone; `drill` is None for one that a person is to answer.
    """

    local: datetime
    drill: str | None
    responder: str
    on_call: tuple[str, ...] = ()


def calendar(context: Context, months: int, *, spoil: bool = False) -> tuple[ComingDrill, ...]:
    """What is planned in the next months, in order of time; with `spoil` every drill is named.

    Raises NotAllowed for `spoil` where the caller may not know, BadInput for an entry that cannot be used.
    """
    from drills.schedule.occurrences import upcoming

    context.require_on_machine(Act.READ_CALENDAR)
    if spoil:
        context.require_on_machine(Act.NAME_SCHEDULED)
    return tuple(
        ComingDrill(
            planned.local,
            planned.drill if spoil or not answered_blind(planned.responder) else None,
            planned.responder,
            tuple(each.who for each in people_on_call(context.workspace.config.on_call, planned.local)),
        )
        for planned in upcoming(context.workspace.config.schedule, context.clock.now(), months)
    )


def broken_rules(context: Context) -> tuple[str, ...]:
    """What the calendar does not keep of the rules of the workspace's own playbooks, in words; empty when it keeps all.

    Raises as `calendar` does, and InvalidFiles for a playbook or scenario that cannot be used.
    """
    from drills.schedule.rules import broken
    from drills.workspace.layout import playbook_files

    context.require_on_machine(Act.READ_CALENDAR)
    workspace = context.workspace
    names = sorted({workspace.config.playbook, *playbook_files(workspace.root)})
    runbooks = [name for name, scenario in workspace.scenarios.items() if scenario.runbook is not None]
    playbooks = [workspace.playbook(name) for name in names]
    return tuple(broken(workspace.config.schedule, playbooks, runbooks, context.clock.now()))
