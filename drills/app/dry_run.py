"""What a drill would do, without doing any of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drills.app.access import Act
from drills.app.scenarios import StepShown, step_shown
from drills.errors import EnvironmentFailed

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.drill.plan import DrillPlan
    from drills.faults.fault import Fault
    from drills.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """When a fault is injected, after the baseline; `summary` is None where it was not asked for."""

    at: timedelta
    summary: str | None


@dataclass(frozen=True, slots=True)
class PlanShown:
    """What a drill would do. `restarts` are services and the links that are put behind Toxiproxy for the drill.

    `affected` are containers and volumes of a compose project of one's own, or `affected_unknown` says why these are
    not known. `refusal` is why this sandbox cannot have the drill.
    """

    name: str
    title: str
    restarts: tuple[tuple[str, str], ...]
    users: int
    requests_per_user: float
    probes: int
    steady_probes: tuple[str, ...]
    steady_hold: timedelta
    baseline: timedelta
    is_control: bool
    faults: tuple[PlannedFault, ...]
    affected: tuple[str, ...]
    affected_unknown: str | None
    responder: str
    runbook: str | None
    steps: tuple[StepShown, ...]
    settle: timedelta
    duration: timedelta
    playbook: str
    refusal: str | None


def show_plan(context: Context, plan: DrillPlan, *, spoil: bool = False) -> PlanShown:
    """What a drill would do on the workspace's sandbox; what it breaks, with `spoil` only. Nothing is started.

    Raises NotAllowed where the caller may not see it now.
    """
    from drills.drill.disturbances import disturbance_of, faults_of
    from drills.faults.injection import lacking
    from drills.workspace.sandbox import open_sandbox

    context.require_on_machine(Act.READ_SCENARIO)
    if spoil:
        context.require_on_machine(Act.READ_TRUTH)
    sandbox = open_sandbox(context.workspace)
    scenario = plan.scenario
    faults = faults_of(scenario)
    affected, affected_unknown = _affected(faults, sandbox)
    return PlanShown(
        name=scenario.name,
        title=scenario.title,
        restarts=tuple(_restarts(faults, sandbox)),
        users=scenario.traffic.users,
        requests_per_user=scenario.traffic.requests_per_user,
        probes=len(plan.probes),
        steady_probes=scenario.steady.probes,
        steady_hold=scenario.steady.hold,
        baseline=scenario.baseline,
        is_control=scenario.is_control,
        faults=tuple(
            PlannedFault(injection.at, disturbance_of(injection.fault).summary() if spoil else None)
            for injection in scenario.timeline
        ),
        affected=affected,
        affected_unknown=affected_unknown,
        responder=plan.responder.value,
        runbook=plan.runbook,
        steps=tuple(map(step_shown, plan.blocks)),
        settle=scenario.settle,
        duration=scenario.limits.duration,
        playbook=plan.playbook.name,
        refusal=lacking(faults, sandbox),
    )


def _restarts(faults: Iterable[Fault], sandbox: Sandbox) -> Iterable[tuple[str, str]]:
    from drills.faults.link_fault import CUT, disturbed_links

    for link in disturbed_links(faults):
        for service in sandbox.links.callers([link]) if sandbox.refusal(link, CUT) is None else ():
            yield service, link


def _affected(faults: Iterable[Fault], sandbox: Sandbox) -> tuple[tuple[str, ...], str | None]:
    from drills.faults.link_fault import CUT
    from drills.sandbox.declared.sandbox import DeclaredSandbox

    if not isinstance(sandbox, DeclaredSandbox):
        return (), None
    acts = [(service, act) for fault in faults for service, act in fault.affected(sandbox) if act != CUT]
    try:
        return tuple(sandbox.affected(acts)), None
    except EnvironmentFailed as error:
        return (), str(error)
