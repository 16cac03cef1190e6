"""Makes a plan from the names that a user gives, and says whether its sandbox can have such a drill."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from drills.drill.disturbances import disturbance_of, faults_of
from drills.drill.plan import DrillPlan
from drills.errors import BadInput, InvalidFiles, NotSupported, Problem
from drills.faults.injection import lacking
from drills.model.events import ResponderKind
from drills.model.scenario import FaultSpec, Scenario
from drills.nearest import suggest
from drills.responders.runbook_file import MOST_RUNBOOK_BYTES, Block, Runbook, RunbookError, parse_runbook
from drills.sandbox.sandbox import Sandbox
from drills.scoring.commands import remedies_in
from drills.text_files import UnreadableFile, read_text
from drills.workspace.workspace import Workspace


def plan_drill(
    workspace: Workspace,
    name: str,
    *,
    responder: ResponderKind | None = None,
    playbook: str | None = None,
    runbook: str | None = None,
    from_step: str | None = None,
    blind: bool = False,
) -> DrillPlan:
    """The plan of one drill; without a responder, the scenario's runbook answers, if it has one.

    Raises BadInput or InvalidFiles, in one clear line for each problem.
    """
    scenario = workspace.scenario(name)
    if responder is None:
        responder = ResponderKind.RUNBOOK if scenario.runbook or runbook else ResponderKind.NONE
    probes = tuple(workspace.probes.values())
    known = set(workspace.probes)
    for probe in scenario.steady.probes:
        if probe not in known:
            raise BadInput(f"{name}: steady: there is no probe {probe!r}; {suggest(probe, known)}")
    for index, injection in enumerate(scenario.timeline):
        _check_fault(name, index, injection.fault)
    blocks: tuple[Block, ...] = ()
    digest = ""
    if responder is ResponderKind.RUNBOOK:
        parsed = load_runbook(workspace, runbook or name)
        digest = runbook_digest(workspace, runbook or name)
        try:
            blocks = parsed.after(from_step) if from_step else parsed.blocks
        except KeyError as error:
            raise BadInput(f"runbook {runbook or name}: {error.args[0]}") from None
    elif runbook or from_step:
        raise BadInput("--runbook and --from need --responder runbook")
    for probe in scenario.traffic.journeys:
        if probe not in known:
            raise BadInput(f"{name}: traffic.journeys: there is no probe {probe!r}; {suggest(probe, known)}")
    locustfile, entrance = None, ""
    if not scenario.traffic.journeys:
        locustfile, entrance = _users(workspace, scenario)
    return DrillPlan(
        scenario=scenario,
        playbook=workspace.playbook(playbook),
        on_call=workspace.config.on_call,
        probes=probes,
        locustfile=locustfile,
        responder=responder,
        runbook=(runbook or name) if responder is ResponderKind.RUNBOOK else None,
        runbook_digest=digest,
        blocks=blocks,
        resumed_from=from_step,
        blind=blind,
        probers=workspace.probers,
        entrance=entrance,
        remedies=_remedies(workspace, scenario),
    )


def _remedies(workspace: Workspace, scenario: Scenario) -> tuple[str, ...]:
    """What repairs this scenario: its own patterns, and every changing command of its runbook, if that can be read."""
    found = list(scenario.truth.remedies) if scenario.truth is not None else []
    with suppress(BadInput, InvalidFiles):
        for block in load_runbook(workspace, scenario.name).blocks if scenario.runbook is not None else ():
            if not (block.attributes.read_only or block.attributes.decision):
                found += remedies_in(block.command)
    return tuple(dict.fromkeys(found))


def _users(workspace: Workspace, scenario: Scenario) -> tuple[Path, str]:
    """The file of the scenario's users, and the address at which they come in. Raises BadInput."""
    locustfile, entrance = workspace.locustfile(scenario), workspace.entrance(scenario)
    if locustfile is None or not locustfile.is_file():
        wrong = "there is no Locust file" if locustfile is None else f"{workspace.shown(locustfile)}: no such file"
        raise BadInput(
            f"{scenario.name}: traffic: {wrong}; it says what users do: write one, or name probes that users repeat in "
            "traffic.journeys"
        )
    if entrance is None:
        raise BadInput("drills.yaml: traffic.service: is missing; write the service that users ask")
    known = workspace.config.sandbox.known.addresses
    if entrance not in known:
        raise BadInput(f"{scenario.name}: traffic: there is no address {entrance!r}; {suggest(entrance, known)}")
    return locustfile, entrance


def _check_fault(name: str, index: int, fault: FaultSpec) -> None:
    where = f"{name}: timeline[{index}].fault"
    try:
        disturbance_of(fault)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{where}: {field}: {first['msg']}; `drills validate` shows the line") from None


def load_runbook(workspace: Workspace, name: str) -> Runbook:
    """The runbook of a scenario, or a file (`….md`).

    Raises BadInput when there is none, InvalidFiles when it cannot be executed.
    """
    path = _runbook_path(workspace, name)
    shown = workspace.shown(path)
    try:
        return parse_runbook(read_text(path, MOST_RUNBOOK_BYTES))
    except UnreadableFile as error:
        raise InvalidFiles([Problem(shown, error.line, "", error.wrong, error.right)]) from None
    except RunbookError as error:
        raise InvalidFiles([Problem(shown, error.line, "", str(error))]) from None


def runbook_digest(workspace: Workspace, name: str) -> str:
    """SHA-256 of the text of a runbook. Raises as `load_runbook` does, for a file that cannot be read."""
    path = _runbook_path(workspace, name)
    try:
        return hashlib.sha256(read_text(path, MOST_RUNBOOK_BYTES).encode()).hexdigest()
    except UnreadableFile as error:
        raise InvalidFiles([Problem(workspace.shown(path), error.line, "", error.wrong, error.right)]) from None


def _runbook_path(workspace: Workspace, name: str) -> Path:
    path = Path(name) if name.endswith(".md") else workspace.runbook_path(name)
    if path is None:
        raise BadInput(f"{name} has no runbook; choose another one with --runbook, or --responder none")
    return path


def require_possible(scenario: Scenario, sandbox: Sandbox) -> None:
    """Raises NotSupported, in one line, for a drill that this sandbox can never run."""
    if (why := lacking(faults_of(scenario), sandbox)) is not None:
        raise NotSupported(f"{scenario.name}: not on this sandbox: {why}")
