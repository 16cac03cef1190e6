"""Every problem of a workspace, at once: `file:line: field: what is wrong; what would be right`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from drills.errors import InvalidFiles, Problem
from drills.faults.registry import FAULTS
from drills.included import included_root
from drills.model.playbook import Playbook
from drills.model.scenario import Scenario
from drills.nearest import suggest
from drills.probing.registry import PROBE_KINDS
from drills.sandbox.adapters.registry import ADAPTERS
from drills.sandbox.declared.link_rules import wrong_by_itself
from drills.sandbox.system import KnownSystem
from drills.sandbox.systems import SYSTEMS
from drills.workspace.check_compose import check_compose
from drills.workspace.check_playbook import check_playbook, supplied_metrics, unsupplied
from drills.workspace.check_probe import check_probe
from drills.workspace.check_ready import check_ready
from drills.workspace.check_scenario import check_scenario
from drills.workspace.config import SandboxConfig, WorkspaceConfig
from drills.workspace.layout import CONFIG_FILE, playbook_files, probe_files, scenario_files
from drills.workspace.models import Loaded, load_model
from drills.workspace.probe_files import read_probes
from drills.workspace.yaml_lines import Document, YamlPath, read_document


def validate(root: Path, only: Collection[str] | None = None) -> list[Problem]:
    """Every problem of the workspace in `root`, by file and line; warnings are marked and come among the others.

    With `only`, of the scenarios just these are read.
    """
    config = load_model(root / CONFIG_FILE, WorkspaceConfig, shown_as=CONFIG_FILE)
    own = {name: _load(root, path, Playbook) for name, path in playbook_files(root).items()}
    paths = scenario_files(root)
    read = paths if only is None else paths.keys() & set(only)
    scenarios = {name: _load(root, paths[name], Scenario, name=name) for name in sorted(read)}
    documents = [read_document(path, str(path.relative_to(root))) for path in probe_files(root)]
    system = _system(config.model)
    probes, problems = read_probes(documents, root, system.probe_settings)
    found = [*problems, *config.problems]
    for loaded in (*own.values(), *scenarios.values()):
        found += loaded.problems

    chosen = _chosen_playbook(config.model, own)
    known_probes = frozenset(probe.spec.name for probe in probes).union(_names_written(documents))
    addresses = system.addresses
    probers = None if config.model is None else {name: each.url for name, each in config.model.probers.items()}
    right = []
    for probe in probes:
        wrong = list(check_probe(probe, known_probes, addresses, probers))
        found += wrong
        right += [probe] if all(problem.warning for problem in wrong) else []
    found += check_ready(right, addresses, probers, root)
    for name, scenario in scenarios.items():
        if scenario.model is not None:
            folder = root / "scenarios" / name
            found += check_scenario(scenario.document, scenario.model, folder, known_probes, chosen, system)
    for playbook in own.values():
        if playbook.model is not None:
            found += check_playbook(playbook.document, playbook.model)
    if config.model is not None:
        if config.model.sandbox.services:
            found += check_compose(root, config.document, config.model.sandbox)
        wrong_links = wrong_by_itself(config.model.sandbox.links, config.model.sandbox.services)
        found += [config.document.problem(each.yaml_path, each.wrong, each.right) for each in wrong_links]
        found += _check_config(root, config.document, config.model, own, paths)
    if all(each.warning for each in problems):
        included = root.resolve() == included_root()
        warned = {name: each for name, each in own.items() if not included or each.model == chosen}
        found += _unsupplied(config, warned, chosen, supplied_metrics([probe.spec for probe in probes]))
    found += _broken_entry_points()
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.file, problem.line))


def require_valid(root: Path, scenarios: Collection[str], playbook: str | None = None) -> None:
    """Raises InvalidFiles with every error of the files that drills of these scenarios use; warnings are no errors.

    Without a `playbook` it is the one that drills.yaml names. What is wrong with other scenarios and playbooks does not
    matter here.
    """
    wrong = [each for each in validate(root, scenarios) if not each.warning and _is_used(each.file, root, playbook)]
    if wrong:
        raise InvalidFiles(wrong)


def _is_used(file: str, root: Path, playbook: str | None) -> bool:
    """Of the playbooks only the one that is meant."""
    if not file.startswith("playbooks/"):
        return True
    config = load_model(root / CONFIG_FILE, WorkspaceConfig).model
    return Path(file).stem == (playbook or (config.playbook if config is not None else None))


def _broken_entry_points() -> Iterator[Problem]:
    """Kinds of other distributions that cannot be used: what needs none of them goes on."""
    for kinds in (FAULTS, PROBE_KINDS, ADAPTERS, SYSTEMS):
        for group, line in kinds.broken():
            yield Problem(group, 0, "", line, "fix it, or uninstall the distribution", warning=True)


def _system(config: WorkspaceConfig | None) -> KnownSystem:
    """The workspace's; while nobody knows which it is, the one that is included."""
    if config is None or (not config.sandbox.services and config.sandbox.system not in SYSTEMS):
        return SandboxConfig().known
    return config.sandbox.known


def _load(root: Path, path: Path, model: type[Any], **given: Any) -> Loaded[Any]:
    return load_model(path, model, shown_as=str(path.relative_to(root)), **given)


def _chosen_playbook(config: WorkspaceConfig | None, own: Mapping[str, Loaded[Playbook]]) -> Playbook | None:
    """The playbook that drills.yaml names, when it and that file can be used."""
    if config is None:
        return None
    if config.playbook in own:
        return own[config.playbook].model
    included = playbook_files(included_root()).get(config.playbook)
    return load_model(included, Playbook).model if included else None


def _names_written(documents: Collection[Document]) -> Iterator[str]:
    """The names of all probes, also of those that cannot be used: what names them is not wrong as well."""
    for document in documents:
        data = document.data.get("probes") if isinstance(document.data, Mapping) else document.data
        for item in data if isinstance(data, list) else ():
            if isinstance(item, Mapping) and isinstance(item.get("name"), str):
                yield item["name"]


def _check_config(
    root: Path,
    document: Document,
    config: WorkspaceConfig,
    own: Collection[str],
    scenarios: Collection[str],
) -> Iterator[Problem]:
    playbooks = {*own, *playbook_files(included_root())}
    if config.playbook not in playbooks:
        wrong = f"there is no playbook {config.playbook!r}"
        yield document.problem(("playbook",), wrong, suggest(config.playbook, playbooks))
    for key, wrong, right in config.sandbox.declared.problems():
        yield document.problem(("sandbox", *key), wrong, right)
    if config.sandbox.system not in SYSTEMS:
        wrong = f"there is no system {config.sandbox.system!r}"
        yield document.problem(("sandbox", "system"), wrong, SYSTEMS.why_not(config.sandbox.system))
    users, system = config.traffic, _system(config)
    if users.locustfile is not None and not (root / users.locustfile).is_file():
        wrong = f"there is no file {users.locustfile!r}"
        yield document.problem(("traffic", "locustfile"), wrong, "write the file's name within the workspace")
    if users.service is not None and users.service not in system.addresses:
        wrong = f"there is no service {users.service!r}"
        yield document.problem(("traffic", "service"), wrong, suggest(users.service, system.addresses))
    for name, prober in config.probers.items():
        if not (root / prober.token_file).is_file():
            wrong, right = f"there is no file {prober.token_file!r}", "write the prober's token into it"
            yield document.problem(("probers", name, "token-file"), wrong, right, warning=True)
    for index, entry in enumerate(config.schedule):
        named: list[tuple[YamlPath, str]] = [(("schedule", index, "drill"), entry.drill)] if entry.drill else []
        named += [(("schedule", index, "rotation", turn), name) for turn, name in enumerate(entry.rotation)]
        for yaml_path, name in named:
            if name not in scenarios:
                yield document.problem(yaml_path, f"there is no drill {name!r}", suggest(name, scenarios))


def _unsupplied(
    config: Loaded[WorkspaceConfig],
    own: Mapping[str, Loaded[Playbook]],
    chosen: Playbook | None,
    supplied: Collection[str],
) -> Iterator[Problem]:
    """Warnings about thresholds of the workspace's own playbooks, and of the one that it has chosen."""
    for loaded in own.values():
        if loaded.model is None:
            continue
        for index, metric in unsupplied(loaded.model, supplied):
            yaml_path: YamlPath = ("thresholds", index, "when")
            right = "add a probe that measures it, or take the threshold out"
            yield loaded.document.problem(
                yaml_path, f"no probe of this workspace supplies {metric}", right, warning=True
            )
    if chosen is not None and chosen.name not in own:
        for _, metric in unsupplied(chosen, supplied):
            wrong = f"{chosen.name} has a threshold on {metric}, which no probe of this workspace supplies"
            yield config.document.problem(("playbook",), wrong, "add a probe that measures it", warning=True)
