"""A workspace's sandbox, by the driver that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drills.included import included_root
from drills.sandbox.choice import COMPOSE, SandboxPlace, driver_of, project_of
from drills.sandbox.local.sandbox import LocalSandbox
from drills.sandbox.sandbox import Sandbox
from drills.workspace.workspace import Workspace

if TYPE_CHECKING:
    from drills.sandbox.compose.project import Project


def open_sandbox(workspace: Workspace) -> Sandbox:
    """The workspace's sandbox, running or not.

    Raises BadInput for a compose file that is not there, and for an engine that is not this machine's.
    """
    place = _place(workspace)
    config = workspace.config.sandbox
    if config.services:
        from drills.sandbox.declared.sandbox import DeclaredSandbox

        return DeclaredSandbox(
            project_of(place),
            place.compose_folder,
            config.services,
            links=config.links,
            releases=config.releases,
            settings=config.settings,
            allow_remote_engine=config.allow_remote_engine,
            home=workspace.home,
        )
    if driver_of(place) == COMPOSE:
        from drills.sandbox.compose.sandbox import ComposeSandbox

        project = project_of(place)
        return ComposeSandbox(
            project,
            place.compose_folder,
            # The compose file builds the shop that lies beside it.
            project.folder if (project.folder / "shop").is_dir() else included_root(),
            allow_remote_engine=config.allow_remote_engine,
            home=workspace.home,
        )
    return LocalSandbox(
        place.folder, included_root(), place.name, cache_dir=workspace.state_dir / "cache", home=workspace.home
    )


def compose_project(workspace: Workspace) -> Project:
    """The workspace's compose project. Raises BadInput when there is no compose file."""
    return project_of(_place(workspace))


def _place(workspace: Workspace) -> SandboxPlace:
    config = workspace.config.sandbox
    return SandboxPlace(
        workspace.home, config.driver, config.name, config.file, config.project, declared=bool(config.services)
    )
