"""The scenarios: a list of them, and what may be shown of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.app.access import Act, Caller, require

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.model.scenario import Injection, Scenario
    from drills.responders.runbook_file import Block
    from drills.sandbox.capabilities.capability import Capability
    from drills.sandbox.choice import SandboxLocation


@dataclass(frozen=True, slots=True)
class ListedScenario:
    """A scenario in a list; `why_not` says why the sandbox cannot have it, beginning with where: `not now: …`."""

    name: str
    title: str
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class FaultShown:
    """A fault of a scenario: its time after the start, a summary, and all its settings."""

    at: timedelta
    kind: str
    summary: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step of a runbook; an optional one is left to people."""

    name: str
    read_only: bool
    timeout: timedelta
    optional: bool


@dataclass(frozen=True, slots=True)
class TruthShown:
    """What only those may see who do not respond in a drill of it."""

    faults: tuple[FaultShown, ...]
    cause: str | None
    among: tuple[str, ...]
    remedy: str
    hints: tuple[str, ...]
    steps: tuple[StepShown, ...]


@dataclass(frozen=True, slots=True)
class ScenarioShown:
    """What a responder may know of a scenario, and the truth where it was asked for. Limits that are not set: None."""

    name: str
    title: str
    story: str
    steady_probes: tuple[str, ...]
    steady_hold: timedelta
    users: int
    requests_per_user: float
    detected_within: timedelta | None
    mitigated_within: timedelta | None
    duration: timedelta
    runbook: str | None
    truth: TruthShown | None


def list_scenarios(folder: Path, caller: Caller) -> tuple[ListedScenario, ...]:
    """The scenarios of the workspace that `folder` lies in, in the order of their names.

    The workspace is not loaded where its sandbox is the included system: loading takes too long for a list. Raises
    InvalidFiles for files that are not YAML.
    """
    from drills.app.access import IDLE
    from drills.faults.included import why_never
    from drills.sandbox.choice import AUTO
    from drills.workspace.titles import outlines, sandbox_location

    require(caller, Act.LIST_SCENARIOS, IDLE)
    known = outlines(folder)
    location = sandbox_location(folder)
    if location.declared:
        return tuple(_declared(folder))
    lacking, which = _lacking(location), "the local" if location.driver == AUTO else "this"
    reasons = {name: why_never(outline.faults, lacking) for name, outline in known.items()}
    return tuple(
        ListedScenario(name, outline.title, why and f"not on {which} sandbox: {why}")
        for (name, outline), why in zip(known.items(), reasons.values(), strict=True)
    )


def _declared(folder: Path) -> Iterable[ListedScenario]:
    """The same for a system of one's own: what its owner does not allow is a reason too."""
    from pydantic import ValidationError

    from drills.drill.disturbances import faults_of
    from drills.errors import BadInput
    from drills.faults.injection import lacking
    from drills.workspace.sandbox import open_sandbox
    from drills.workspace.workspace import Workspace

    workspace = Workspace.load(folder)
    sandbox = open_sandbox(workspace)
    for name, scenario in workspace.scenarios.items():
        try:
            why = lacking(faults_of(scenario), sandbox)
        except BadInput as error:  # its kind is not there, or the distribution that has it is broken
            why = str(error)
        except ValidationError:
            why = "a fault of it has wrong settings; `drills validate` shows the line"
        yield ListedScenario(name, scenario.title, why and f"not now: {why}")


def _lacking(location: SandboxLocation) -> Mapping[Capability, str]:
    """What the sandbox that would be opened cannot do, and why. An engine is asked only where its answer matters."""
    from drills.sandbox.choice import AUTO, COMPOSE, LOCAL, driver_of
    from drills.sandbox.systems import system_of

    system = system_of(location.system)
    local = system.unavailable(LOCAL)
    if location.driver == AUTO and local == system.unavailable(COMPOSE):
        return local
    return system.unavailable(driver_of(location))


def show_scenario(context: Context, name: str, *, spoil: bool = False) -> ScenarioShown:
    """A scenario as its responder may know it, with `spoil` the truth too.

    Raises BadInput for an unknown name, NotAllowed where the caller may not see it now.
    """
    workspace = context.workspace
    scenario = workspace.scenario(name)
    context.require_on_machine(Act.READ_SCENARIO)
    if spoil:
        context.require_on_machine(Act.READ_TRUTH)
    runbook = workspace.runbook_path(name)
    return ScenarioShown(
        name=name,
        title=scenario.title,
        story=scenario.story,
        steady_probes=scenario.steady.probes,
        steady_hold=scenario.steady.hold,
        users=scenario.traffic.users,
        requests_per_user=scenario.traffic.requests_per_user,
        detected_within=scenario.expect.detected_within,
        mitigated_within=scenario.expect.mitigated_within,
        duration=scenario.limits.duration,
        runbook=None if runbook is None else workspace.shown(runbook),
        truth=_truth(context, scenario) if spoil else None,
    )


def _truth(context: Context, scenario: Scenario) -> TruthShown:
    from drills.drill.planning import load_runbook

    truth = scenario.truth
    has_runbook = context.workspace.runbook_path(scenario.name) is not None
    return TruthShown(
        faults=tuple(map(_fault, scenario.timeline)),
        cause=None if truth is None else truth.cause,
        among=() if truth is None else truth.among,
        remedy="" if truth is None else truth.remedy,
        hints=scenario.hints,
        steps=tuple(map(step_shown, load_runbook(context.workspace, scenario.name).blocks)) if has_runbook else (),
    )


def _fault(injection: Injection) -> FaultShown:
    from drills.drill.disturbances import disturbance_of

    spec = injection.fault
    return FaultShown(injection.at, spec.kind, disturbance_of(spec).summary(), spec.settings)


def step_shown(block: Block) -> StepShown:
    """A runbook's block as it is shown."""
    attributes = block.attributes
    return StepShown(block.name, attributes.read_only, attributes.timeout, attributes.optional)
