"""Whether drills can drive the compose project that drills.yaml declares, by Compose's own model of it.

Without Compose the files themselves are read as far as possible, and a warning says what was not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from drills.errors import BadInput, EnvironmentFailed, Problem
from drills.nearest import suggest
from drills.sandbox.adapters.registry import ADAPTERS
from drills.sandbox.choice import SandboxLocation, selection_of
from drills.sandbox.compose.model import ComposeModel, is_active, read_model, replicas_of
from drills.sandbox.compose.selection import USUAL_OVERRIDES, Selection
from drills.sandbox.declared.declaration import Act, DeclaredService
from drills.sandbox.declared.link_rules import wrong_with
from drills.workspace.compose_complaints import located
from drills.workspace.compose_lines import ComposeLines
from drills.workspace.config import SandboxConfig
from drills.workspace.yaml_lines import Document

_SERVICES = ("sandbox", "services")


def check_compose(root: Path, document: Document, config: SandboxConfig) -> Iterator[Problem]:
    """`document` is drills.yaml, which declares services of a compose project of the workspace's own."""
    location = SandboxLocation(root, config.driver, config.name, config.file, config.project, declared=True)
    where = ("sandbox", "file") if config.file else _SERVICES
    try:
        selection = selection_of(location)
    except BadInput as error:
        yield document.problem(where, str(error), "write the compose file's name, in the workspace: file: compose.yaml")
        return
    except EnvironmentFailed as error:
        yield document.problem(
            where, f"not checked with Compose: {error}", "validate again where Compose is installed", warning=True
        )
        return
    lines = ComposeLines(selection.files, root)
    yield from _overrides_left_out(document, config, selection)
    try:
        model = read_model(selection)
    except BadInput as error:
        yield located(str(error), lines)
        return
    except EnvironmentFailed as error:
        wrong = f"only the names of services were checked, by the files themselves: {error}"
        yield document.problem(where, wrong, "validate again where Compose is installed", warning=True)
        yield from _unknown(document, config.services, lines.service_names())
        return
    yield from _unknown(document, config.services, model.services)
    for name in config.services.keys() & model.services.keys():
        yield from _service(document, lines, selection, model, name, config.services[name])
    for each in wrong_with(config.links, model.services):
        yield (lines if each.theirs else document).problem(each.yaml_path, each.wrong, each.right)
    yield from _files_of(lines, model)
    for variable in model.unset:
        pattern = rf"\$\{{?{variable}\b"
        right = f"set it, in .env or the environment, or write a default: ${{{variable}:-…}}"
        yield lines.at_text(pattern, f"the variable {variable} is not set, and is empty", right, warning=True)


def _overrides_left_out(document: Document, config: SandboxConfig, selection: Selection) -> Iterator[Problem]:
    """Compose takes the override beside a file only when no file is named."""
    if config.file is None:
        return
    for name in USUAL_OVERRIDES:
        if (selection.folder / name).is_file() and selection.folder / name not in selection.files:
            wrong = f"{name} is in the same folder and is not read, as with `docker compose --file`"
            right = "remove `file`, or list both"
            yield document.problem(("sandbox", "file"), wrong, right, warning=True)


def _unknown(
    document: Document, declared: Mapping[str, DeclaredService], known: Mapping[str, Any] | frozenset[str]
) -> Iterator[Problem]:
    for name in declared:
        if name not in known:
            yield document.problem(
                (*_SERVICES, name), f"the compose file has no service {name!r}", suggest(name, sorted(known))
            )


def _service(
    document: Document,
    lines: ComposeLines,
    selection: Selection,
    model: ComposeModel,
    name: str,
    declared: DeclaredService,
) -> Iterator[Problem]:
    """What of one service cannot be driven, or not as drills.yaml has it."""
    service, yaml_path = model.services[name], ("services", name)
    own = (*_SERVICES, name)
    if not is_active(service, selection.profiles):
        profiles = service["profiles"]
        wrong = f"is in the profile {profiles[0]}, which is not active: it has no container"
        right = f"set COMPOSE_PROFILES={profiles[0]}, in .env or the environment, or take {name} out of drills.yaml"
        yield lines.problem((*yaml_path, "profiles"), wrong, right)
    if "provider" in service:
        right = f"take {name} out of drills.yaml"
        yield lines.problem((*yaml_path, "provider"), "is made by a provider: it has no container to break", right)
    if replicas_of(service) == 0:
        where = (*yaml_path, "deploy", "replicas") if "deploy" in service else (*yaml_path, "scale")
        yield lines.problem(where, "has no replicas: there is nothing to break", f"take {name} out of drills.yaml")
    if name in model.jobs() and declared.may:
        wrong = "is expected to exit: other services wait for that (service_completed_successfully)"
        yield document.problem((*own, "may"), wrong, "write may: [], and break a service that runs")
    if service.get("network_mode") == "none" and (declared.adapter or declared.port):
        key = "adapter" if declared.adapter else "port"
        wrong = "has no network (network_mode: none), so that nothing can ask it"
        yield document.problem((*own, key), wrong, "take adapter and port out")
    yield from _ports(document, service, name, declared)
    if Act.SCALE in declared.may and (why := _only_one(service)) is not None:
        yield document.problem((*own, "may"), f"cannot have a second replica: {why}", "take scale out", warning=True)


def _ports(document: Document, service: Mapping[str, Any], name: str, declared: DeclaredService) -> Iterator[Problem]:
    """A port that is not said, of a service whose ports are others than the technology's usual one."""
    if declared.adapter is None or declared.port is not None:
        return
    usual = ADAPTERS[declared.adapter].port
    published: Sequence[Mapping[str, Any]] = [
        each for each in service.get("ports") or () if each.get("protocol", "tcp") == "tcp"
    ]
    targets = [int(each["target"]) for each in published]
    if targets and usual not in targets:
        wrong = f"has no port, and {usual} is not among those that it publishes ({', '.join(map(str, targets))})"
        yield document.problem((*_SERVICES, name), wrong, f"write port: {targets[0]}", warning=True)


def _only_one(service: Mapping[str, Any]) -> str | None:
    if "container_name" in service:
        return f"its container is named {service['container_name']} (container_name)"
    for each in service.get("ports") or ():
        published = str(each.get("published") or "")
        if published and "-" not in published:
            return f"it publishes port {published}, which one container can have"
    if service.get("network_mode") == "host":
        return "it has the machine's own ports (network_mode: host)"
    return None


def _files_of(lines: ComposeLines, model: ComposeModel) -> Iterator[Problem]:
    """Secrets and configs whose files are not there: Compose notices when it makes the container."""
    for kind in ("secrets", "configs"):
        for key, each in (model.whole.get(kind) or {}).items():
            file = each.get("file")
            if file and not Path(file).exists():
                yield lines.problem((kind, key, "file"), f"there is no file {file}", "write it, or its right name")
