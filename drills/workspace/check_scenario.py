"""Checks of a scenario beyond its schema."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pydantic import JsonValue

from drills.errors import Problem
from drills.faults.fault import Fault
from drills.faults.registry import FAULTS, why_unknown
from drills.model.playbook import Playbook
from drills.model.scenario import Scenario
from drills.model.traffic_kinds import TRAFFIC_SURGE
from drills.model.traffic_surge import TrafficSurge
from drills.nearest import suggest
from drills.sandbox.system import KnownSystem
from drills.workspace.check_runbook import check_runbook
from drills.workspace.conditions import check_abort
from drills.workspace.models import build_at
from drills.workspace.yaml_lines import Document, YamlPath


def check_scenario(
    document: Document,
    scenario: Scenario,
    folder: Path,
    probes: Collection[str],
    playbook: Playbook | None,
    system: KnownSystem,
) -> Iterator[Problem]:
    """`folder` is the scenario's own; `probes` are the names of all; `playbook` the workspace's choice, if usable."""
    written = document.data.get("name", folder.name)
    if written != folder.name:
        yield document.problem(("name",), f"{written!r} is not the name of its folder", f"write {folder.name}")
    for index, name in enumerate(scenario.steady.probes):
        if name not in probes:
            yaml_path: YamlPath = ("steady", "probes", index)
            yield document.problem(yaml_path, f"there is no probe {name!r}", suggest(name, probes))
    yield from _timeline(document, scenario, system)
    yield from _truth(document, scenario, playbook)
    if scenario.abort is not None:
        yield from check_abort(document, ("abort", "when"), scenario.abort.when)
    for index, name in enumerate(scenario.traffic.journeys):
        if name not in probes:
            yield document.problem(("traffic", "journeys", index), f"there is no probe {name!r}", suggest(name, probes))
    entrance = scenario.traffic.entrance
    if entrance is not None and entrance not in system.addresses:
        wrong = f"there is no address {entrance!r}"
        yield document.problem(("traffic", "entrance"), wrong, suggest(entrance, system.addresses))
    own = scenario.traffic.locustfile
    if own is not None and not (folder / own).is_file():
        right = "write the file's name within the scenario's folder"
        yield document.problem(("traffic", "locustfile"), f"there is no file {own!r}", right)
    yield from _runbook(document, scenario, folder)


def _timeline(document: Document, scenario: Scenario, system: KnownSystem) -> Iterator[Problem]:
    for index, injection in enumerate(scenario.timeline):
        yaml_path: YamlPath = ("timeline", index, "fault")
        named = injection.fault.kind
        kind = TrafficSurge if named == TRAFFIC_SURGE else FAULTS.get(named)
        if kind is None:
            wrong = f"{injection.fault.kind!r} is not a kind of fault"
            yield document.problem((*yaml_path, "kind"), wrong, why_unknown(injection.fault.kind))
        else:
            fault, problems = build_at(document, yaml_path, injection.fault.settings, kind)
            yield from problems
            yield from _names(document, yaml_path, injection.fault.settings, system.names)
            if isinstance(fault, Fault):
                yield from _fits(document, yaml_path, fault, system)
        if injection.at >= scenario.limits.duration:
            right = "inject earlier, or lengthen limits.duration"
            yield document.problem(("timeline", index, "at"), "comes after the drill has ended", right)


def _names(
    document: Document, yaml_path: YamlPath, settings: Mapping[str, JsonValue], names: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    for key, known in (*names.items(), ("in", names.get("service", ()))):
        name = settings.get(key)
        if isinstance(name, str) and _plain(key, name) not in known:
            what = "service" if key == "in" else key
            yield document.problem((*yaml_path, key), f"the sandbox has no {what} {name!r}", suggest(name, known))


def _plain(key: str, name: str) -> str:
    """As the sandbox writes it."""
    if key in ("service", "in"):
        return name.partition("/")[0]
    return name.replace("-", "_") if key == "setting" else name.removeprefix("public.")


def _fits(document: Document, yaml_path: YamlPath, fault: Fault, system: KnownSystem) -> Iterator[Problem]:
    for service, act in fault.affected(system):
        known = any(service.partition("/")[0] in system.names.get(key, ()) for key in ("service", "link"))
        # One that is not named at all is the only one that it can be done to.
        if (known or not service) and (why := system.refusal(service, act)) is not None:
            yield document.problem(yaml_path, "its owner does not allow this", why, warning=True)
    if (misfit := fault.misfit(system)) is not None:
        key, wrong, right = misfit
        yield document.problem((*yaml_path, key), wrong, right)


def _truth(document: Document, scenario: Scenario, playbook: Playbook | None) -> Iterator[Problem]:
    truth = scenario.truth
    if truth is None:
        if not scenario.is_control:
            yield document.problem(("truth",), "is missing", "write the cause, its candidates and the remedy")
        return
    if truth.cause not in truth.among:
        wrong = f"{truth.cause!r} is not among the candidates"
        yield document.problem(("truth", "cause"), wrong, suggest(truth.cause, truth.among))
    floor = truth.severity_floor
    if floor is not None and playbook is not None and floor.rank >= len(playbook.levels):
        wrong = f"playbook {playbook.name} has no rank {floor.rank}"
        right = f"write 0 to {len(playbook.levels) - 1}"
        yield document.problem(("truth", "severity-floor", "rank"), wrong, right)
    if not scenario.hints and not scenario.is_control:
        yield document.problem(("hints",), "there are none", "write one or two for a trainee", warning=True)


def _runbook(document: Document, scenario: Scenario, folder: Path) -> Iterator[Problem]:
    causes = scenario.truth.among if scenario.truth else ()
    if scenario.runbook is None:
        if not scenario.is_control:
            yield document.problem(("runbook",), "there is none", "write one; a person may need it", warning=True)
        return
    path = folder / scenario.runbook
    if os.path.lexists(path):
        yield from check_runbook(path, str(Path(document.file).parent / scenario.runbook), causes)
    elif "runbook" in document.data or not scenario.is_control:
        right = f"write {path.name}, or `runbook: null`"
        yield document.problem(("runbook",), f"there is no file {scenario.runbook!r}", right)
