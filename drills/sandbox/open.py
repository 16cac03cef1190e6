"""Which driver a workspace's sandbox has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drills.errors import BadInput, DrillsError, EnvironmentFailed
from drills.included import included_root
from drills.sandbox.local.sandbox import LocalSandbox
from drills.sandbox.protocol import Sandbox
from drills.sandbox.state import load
from drills.workspace.workspace import Workspace

if TYPE_CHECKING:
    from drills.sandbox.compose.project import Project

AUTO, LOCAL, COMPOSE = "auto", "local", "compose"


def open_sandbox(workspace: Workspace) -> Sandbox:
    """The workspace's sandbox, running or not.

    `auto` is the compose sandbox when that was brought up (by hand or by us), else the local one. Raises BadInput
    for a compose file that is not there, and for an engine that is not this machine's.
    """
    config = workspace.config.sandbox
    if config.driver == COMPOSE or (config.driver == AUTO and _compose_is_up(workspace)):
        from drills.sandbox.compose.sandbox import ComposeSandbox

        project = compose_project(workspace)
        return ComposeSandbox(
            project,
            _compose_folder(workspace),
            # The compose file builds the shop that lies beside it.
            project.folder if (project.folder / "shop").is_dir() else included_root(),
            allow_remote_engine=config.allow_remote_engine,
        )
    return LocalSandbox(
        _folder(workspace),
        included_root(),
        config.name,
        cache_dir=workspace.state_dir / "cache",
    )


def _compose_is_up(workspace: Workspace) -> bool:
    """Costs a few milliseconds where there is an engine, less where there is none.

    A sandbox of ours that was up when the engine died is still what is meant: to answer with the other one would undo
    a drill in the wrong place.
    """
    from drills.sandbox.compose import engine, project

    was_up = _active(_compose_folder(workspace))
    try:
        ours = compose_project(workspace)
        if not engine.is_local(ours.host) or not Path(ours.host.removeprefix("unix://")).exists():
            return was_up
        listed = project.own(ours, project.listed(ours))
    except EnvironmentFailed:
        return was_up
    except BadInput:
        return False  # No compose file here, or another folder's project of that name.
    if any(each.get("State") in ("running", "paused") for each in listed):
        return True
    return bool(listed) and was_up and not _active(_folder(workspace))


def compose_project(workspace: Workspace) -> Project:
    """The workspace's compose project. Raises BadInput when there is no compose file."""
    from drills.sandbox.compose import engine
    from drills.sandbox.compose.project import Project, named_for

    config = workspace.config.sandbox
    own = (workspace.home / config.file).resolve()
    file = own if own.is_file() else (included_root() / config.file).resolve()
    if not file.is_file():
        raise BadInput(f"drills.yaml: sandbox.file: there is no {config.file}; write the name of your compose file")
    borrowed = None if file == own else workspace.home.resolve()
    name = config.project or named_for(file.parent, config.name, borrowed=borrowed)
    return Project(name, file.parent, file, engine.engine_host())


def _folder(workspace: Workspace) -> Path:
    return workspace.state_dir / "sandbox" / workspace.config.sandbox.name


def _compose_folder(workspace: Workspace) -> Path:
    return _folder(workspace) / "compose"


def _active(folder: Path) -> bool:
    """Whether a sandbox that keeps its state there is meant to be up."""
    try:
        state = load(folder / "state.json")
    except DrillsError:
        return False
    return state is not None and state.active
