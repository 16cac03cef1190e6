"""Which driver a sandbox has, found out without loading either: `drills list` has no time for that."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.errors import BadInput, EnvironmentFailed
from drills.included import included_root
from drills.sandbox.plain_state import read_plain

if TYPE_CHECKING:
    from drills.sandbox.compose.project import Project
    from drills.sandbox.compose.selection import Selection

#: The system of a workspace that names none, and declares no services.
INCLUDED = "included"
AUTO, LOCAL, COMPOSE = "auto", "local", "compose"
#: The compose file of the included system.
INCLUDED_FILE = "docker-compose.yml"


@dataclass(frozen=True, slots=True)
class SandboxLocation:
    """What drills.yaml says of a sandbox. `home` is the folder where its state is kept and its compose file may lie."""

    home: Path
    driver: str = AUTO
    name: str = "default"
    file: str | tuple[str, ...] | None = None
    """The compose files; None: the included system's, or what Compose itself would choose for one of one's own."""
    project: str | None = None
    declared: bool = False
    """Whether it is a compose project of the workspace's own, whose services drills.yaml names."""
    system: str = INCLUDED
    """The system, where it is none of the workspace's own."""

    @property
    def folder(self) -> Path:
        """The local sandbox's own files."""
        return self.home / ".drills" / "sandbox" / self.name

    @property
    def copy_folder(self) -> Path:
        """The files of a throw-away copy of a compose project."""
        return self.folder / "copy"

    @property
    def compose_folder(self) -> Path:
        """The compose sandbox's own files."""
        return self.folder / "compose"


def driver_of(location: SandboxLocation) -> str:
    """`local` or `compose`: `auto` is the compose sandbox when that was brought up (by hand or by us), else the local.

    To find that out costs a few milliseconds where there is an engine, less where there is none.
    """
    if location.driver == AUTO:
        return COMPOSE if _compose_is_up(location) else LOCAL
    return location.driver


def project_of(location: SandboxLocation) -> Project:
    """The compose project. Raises BadInput when there is no compose file."""
    from drills.sandbox.compose import engine
    from drills.sandbox.compose.project import Project, named_for

    if location.declared:
        return own_project_of(location)
    asked = _asked(location) or (INCLUDED_FILE,)
    own = (location.home / asked[0]).resolve()
    file = own if own.is_file() else (included_root() / asked[0]).resolve()
    if not file.is_file():
        raise BadInput(f"drills.yaml: sandbox.file: there is no {asked[0]}; write the name of your compose file")
    borrowed = None if file == own else location.home.resolve()
    name = location.project or named_for(file.parent, location.name, borrowed=borrowed)
    return Project(name, file.parent, file, engine.engine_host())


def own_project_of(location: SandboxLocation) -> Project:
    """A compose project of the workspace's own: its files and its name are those that `docker compose` would choose.

    Raises BadInput when there is no compose file, or when the name cannot be a project's.
    """
    from drills.sandbox.compose import engine
    from drills.sandbox.compose.project import Project

    found = selection_of(location)
    return Project(found.name, found.folder, found.files[0], engine.engine_host(), found.files[1:])


def selection_of(location: SandboxLocation) -> Selection:
    """The same without asking where the engine is."""
    from drills.sandbox.compose.model import name_of
    from drills.sandbox.compose.selection import select

    return select(_as_entered(location.home), _asked(location), name=location.project, ask_compose=name_of)


def _asked(location: SandboxLocation) -> tuple[str, ...]:
    return (location.file,) if isinstance(location.file, str) else location.file or ()


def _as_entered(folder: Path) -> Path:
    """The folder by the name that a shell went into it with, as Compose names the project: it may be a link."""
    shell = Path(os.environ.get("PWD", ""))
    if shell.is_absolute() and os.path.realpath(shell) == os.path.realpath(Path.cwd()):
        for each in (shell, *shell.parents):
            if os.path.realpath(each) == os.path.realpath(folder):
                return each
    return folder


def _compose_is_up(location: SandboxLocation) -> bool:
    """A sandbox of ours that was up when the engine died is still what is meant.

    To answer with the other one would undo a drill on the wrong sandbox.
    """
    from drills.sandbox.compose import engine, project

    kept = read_plain(location.compose_folder / "state.json")
    was_up = _active(kept)
    try:
        ours = project_of(location)
        if was_up and not ours.is_at(*_brought_up_at(kept, ours)):
            return True  # What is up is elsewhere; the driver says where.
        if not engine.is_local(ours.host) or not Path(ours.host.removeprefix("unix://")).exists():
            return was_up
        listed = project.own(ours, project.listed(ours))
    except EnvironmentFailed:
        return was_up
    except BadInput:
        return False  # No compose file here, or another folder's project of that name.
    if any(each.get("State") in ("running", "paused") for each in listed):
        return True
    return bool(listed) and was_up and not _active(read_plain(location.folder / "state.json"))


def _brought_up_at(kept: Mapping[str, Any], otherwise: Project) -> tuple[str, str]:
    """The project's name and the engine of the compose sandbox that keeps this state."""
    at = kept.get("compose")
    at = at if isinstance(at, dict) else {}
    return str(at.get("name", otherwise.name)), str(at.get("host", otherwise.host))


def _active(kept: Mapping[str, Any]) -> bool:
    """Whether the sandbox that keeps this state is meant to be up."""
    return kept.get("active") is True
