"""Starting a drill: it is planned, then conducted to its end."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drills.app.access import Act, allowed
from drills.app.situations import of_drill
from drills.errors import BadInput
from drills.model.responder_kind import ResponderKind

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.app.live import Sight
    from drills.app.outcome import Outcome
    from drills.drill.plan import DrillPlan as DrillPlan
    from drills.model.events import Event
    from drills.store.records import DrillRecord


@dataclass(frozen=True, slots=True)
class Heading:
    """A drill that has begun. `title` is None where the caller may not know it; `runbook` is another scenario's."""

    drill_id: str
    title: str | None
    playbook: str
    responder: str
    runbook: str | None


def plan(
    context: Context,
    name: str,
    *,
    responder: ResponderKind | None = None,
    playbook: str | None = None,
    runbook: str | None = None,
    from_step: str | None = None,
    on_copy: bool = False,
) -> DrillPlan:
    """The plan of one drill; without a responder, the scenario's runbook answers, if it has one.

    Raises NotAllowed, BadInput or InvalidFiles, in one clear line for each problem.
    """
    from drills.drill.planning import plan_drill

    context.require_on_machine(Act.START)
    _require_valid(context, name, playbook)
    planned = plan_drill(
        context.workspace, name, responder=responder, playbook=playbook, runbook=runbook, from_step=from_step
    )
    return replace(planned, on_copy=on_copy)


def plan_practice(context: Context, name: str | None = None, *, playbook: str | None = None) -> DrillPlan:
    """The plan of a blind drill that a person answers; without a name, a random scenario other than a control drill.

    Raises NotAllowed, BadInput or InvalidFiles; NotSupported where the sandbox cannot have the scenario.
    """
    from drills.drill.planning import plan_drill

    context.require_on_machine(Act.PRACTISE)
    name = _drawn(context) if name is None else name
    _require_valid(context, name, playbook)
    planned = plan_drill(
        context.workspace,
        name,
        responder=ResponderKind.PERSON,
        playbook=playbook,
        blind=True,
    )
    require_possible(context, planned)
    return planned


def _require_valid(context: Context, name: str, playbook: str | None) -> None:
    """Raises InvalidFiles with what `drills validate` finds in the files of this drill, BadInput for no scenario."""
    from drills.workspace.validate import require_valid

    if name not in context.workspace.scenarios:
        context.workspace.scenario(name)  # says which there are
    require_valid(context.workspace.root, [name], playbook)


def _drawn(context: Context) -> str:
    from drills.faults.included import why_never
    from drills.workspace.sandbox import open_sandbox

    scenarios = {name: each for name, each in context.workspace.scenarios.items() if not each.is_control}
    faults = {name: [each.fault.kind for each in scenario.timeline] for name, scenario in scenarios.items()}
    lacking = open_sandbox(context.workspace).unavailable
    candidates = [name for name, kinds in faults.items() if why_never(kinds, lacking) is None]
    if not candidates:
        raise BadInput("there is no scenario to draw; add one as scenarios/NAME/scenario.yaml")
    return random.SystemRandom().choice(candidates)


def require_possible(context: Context, plan: DrillPlan) -> None:
    """Raises NotSupported, in one line, for a drill that the workspace's sandbox can never have."""
    from drills.drill import planning
    from drills.workspace.sandbox import open_sandbox

    planning.require_possible(plan.scenario, open_sandbox(context.workspace))


async def conduct(
    context: Context,
    plan: DrillPlan,
    *,
    announce: Callable[[Heading], None] | None = None,
    show: Callable[[Sight], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Conduct a planned drill to its end; the sandbox is left as it was found.

    `announce` is given the drill when it has begun, `show` what the caller may see as it happens, `say` a line for
    people when the store fails, and when it works again. Raises NotAllowed, SandboxBusy when another runner holds the
    sandbox, Aborted while the kill switch is on, UndoOwed when an owed undo fails; CancelledError when it is
    cancelled before it has begun: one that is cancelled later is an outcome.
    """
    from drills.app.live import Follower
    from drills.app.outcome import outcome_of
    from drills.drill.session import hold_session

    context.require_on_machine(Act.PRACTISE if plan.blind else Act.START)
    follower = Follower(context.caller, blind=plan.blind)

    def begun(record: DrillRecord) -> None:
        if announce is not None:
            announce(_heading(context, record, plan))

    def happened(event: Event) -> None:
        if show is not None:
            for sight in follower.follow(event):
                show(sight)

    with context.store() as store:
        session = await hold_session(
            context.workspace,
            plan,
            store,
            clock=context.clock,
            show=happened,
            announce=begun,
            say=say,
        )
    return outcome_of(session)


def _heading(context: Context, record: DrillRecord, plan: DrillPlan) -> Heading:
    named = allowed(context.caller, Act.NAME_DRILL, of_drill(record))
    return Heading(
        drill_id=record.drill_id,
        title=plan.scenario.title if named else None,
        playbook=plan.playbook.name,
        responder=plan.responder.value,
        runbook=None if plan.runbook == plan.scenario.name else plan.runbook,
    )
