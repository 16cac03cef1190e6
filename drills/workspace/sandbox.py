"""A workspace's sandbox, by the driver that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from drills.errors import BadInput
from drills.sandbox.choice import SandboxLocation, project_of
from drills.sandbox.declared.copying import ProjectCopy
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.system import Opening
from drills.sandbox.systems import system_of
from drills.workspace.workspace import Workspace

if TYPE_CHECKING:
    from drills.sandbox.compose.project import Project


def open_sandbox(workspace: Workspace, *, to_recover: bool = False) -> Sandbox:
    """The workspace's sandbox, running or not.

    `to_recover` is for undoing only: the compose project that was drilled last, whose files may be gone or broken.
    Raises BadInput for a compose file that is not there, and for an engine that is not this machine's.
    """
    location = _location(workspace)
    config = workspace.config.sandbox
    if config.services:
        from drills.sandbox.declared.sandbox import DeclaredSandbox

        own = _project(location, to_recover=to_recover)
        copy = _copy(location, own, wanted=config.copy_)
        if copy is not None:
            copy.prepare(again=not to_recover)
        return DeclaredSandbox(
            own if copy is None else copy.project,
            location.compose_folder if copy is None else location.copy_folder,
            config.services,
            links=config.links,
            releases=config.releases,
            settings=config.settings,
            allow_remote_engine=config.allow_remote_engine,
            home=workspace.home,
            copy=copy,
        )
    return system_of(location.system).open(
        Opening(location, workspace.state_dir / "cache", allow_remote_engine=config.allow_remote_engine)
    )


@contextmanager
def hold_project(workspace: Workspace, *, to_recover: bool = False) -> Iterator[None]:
    """That no other workspace drills the same compose project meanwhile; nothing for the included system.

    The project is remembered, so that what is owed on it can be undone whatever becomes of its files. `to_recover` is
    as in `open_sandbox`. Raises SandboxBusy, naming who does.
    """
    if not workspace.config.sandbox.services:
        yield
        return
    from drills.sandbox.compose.drilled_project import remember
    from drills.sandbox.compose.project_lock import exclusive

    location = _location(workspace)
    own = _project(location, to_recover=to_recover)
    with exclusive(own):
        remember(own, location.compose_folder)
        yield


def refuse_beside(workspace: Workspace) -> None:
    """Before a command changes the sandbox, while nobody drills it here: that no other workspace drills its project.

    Raises SandboxBusy, naming who drills.
    """
    if not workspace.config.sandbox.services:
        return
    from drills.sandbox.compose.project_lock import refuse_while_drilled

    refuse_while_drilled(project_of(_location(workspace)))


def use_copy(workspace: Workspace) -> None:
    """From here on `open_sandbox` gives a throw-away copy of the compose project, until that is taken down.

    Raises BadInput for a sandbox that is no compose project of the workspace's own, and for one that cannot be copied.
    """
    if not workspace.config.sandbox.services:
        raise BadInput("only a compose project of your own can be copied; the included sandbox is for breaking anyhow")
    location = _location(workspace)
    copy = ProjectCopy(project_of(location), location.copy_folder)
    copy.prepare(again=True)
    copy.use()


def forget_copy(workspace: Workspace) -> None:
    """The project itself is meant again, unless its copy is up or `sandbox.copy` asks for one."""
    location = _location(workspace)
    if (location.copy_folder / "in-use").exists() and not open_sandbox(workspace, to_recover=True).is_up():
        ProjectCopy(_project(location, to_recover=True), location.copy_folder).forget()


def _project(location: SandboxLocation, *, to_recover: bool) -> Project:
    """The compose project; to recover, the one that was drilled last."""
    from drills.sandbox.compose.drilled_project import remembered

    drilled = remembered(location.compose_folder) if to_recover else None
    return drilled or project_of(location)


def _copy(location: SandboxLocation, own: Project, *, wanted: bool) -> ProjectCopy | None:
    """The copy of this project, if that is meant."""
    if not wanted and not (location.copy_folder / "in-use").exists():
        return None
    return ProjectCopy(own, location.copy_folder)


def compose_project(workspace: Workspace) -> Project:
    """The workspace's compose project. Raises BadInput when there is no compose file."""
    return project_of(_location(workspace))


def _location(workspace: Workspace) -> SandboxLocation:
    config = workspace.config.sandbox
    return SandboxLocation(
        workspace.home,
        config.driver,
        config.name,
        config.file,
        config.project,
        declared=bool(config.services),
        system=config.system,
    )
