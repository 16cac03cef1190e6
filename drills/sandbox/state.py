"""What the local sandbox remembers: one JSON file, replaced whole at each change.

What is about to be started is written here before it is started, so that a killed runner leaves nothing unknown.
"""

from __future__ import annotations

import errno
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drills.errors import EnvironmentFailed
from drills.file_replacement import replace_file
from drills.private_files import private_folder
from drills.text_files import UnreadableFile, read_text

FORMAT = 1


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProcessRecord(_Kept):
    """One process that was started; its start tells it from a later one of that pid.

    `create_time` is in seconds since the epoch, `start_ticks` in the kernel's ticks since boot: setting the clock
    moves the first and not the second, which is 0 where the system does not say.
    """

    service: str
    pid: int
    create_time: float
    port: int
    start_ticks: int = 0
    release: str = Field("", description="Of a service that has releases.")
    settings: str = Field("", description="The settings that it was started with, as one text.")
    memory_limit: int | None = Field(None, description="Bytes at which it ends itself; absent: it does not.")


class Intention(_Kept):
    """A service that is about to be started."""

    service: str
    at: datetime


class Deployment(_Kept):
    """A release that was deployed and not rolled back since."""

    version: str
    at: datetime


class NotedChange(_Kept):
    """What an operator or a pipeline did."""

    at: datetime
    what: str


class ComposeProject(_Kept):
    """Which containers are a compose sandbox's: those with the labels of this project, of this folder.

    `host` is the engine's address, such as `unix:///var/run/docker.sock`.
    """

    name: str
    folder: str
    host: str


class DiskMount(_Kept):
    """Where the disk of a service can be measured: a folder, in a container of the service `holder` where one is."""

    path: str
    holder: str | None = None


class SandboxState(_Kept):
    """`active` from `up` to `down`. `deployed` is the line of releases, the current one last.

    `changes` are the last ones of `changes_noted` in all, the newest last; `cpus` the cores that a service is bound to,
    and `limits` those of containers, by the name of their variable.
    """

    format: int = FORMAT
    identity: str
    active: bool = False
    up_since: datetime | None = None
    ports: dict[str, int] = {}
    processes: tuple[ProcessRecord, ...] = ()
    starting: tuple[Intention, ...] = ()
    replicas: int = 2
    settings: dict[str, str] = {}
    deployed: tuple[Deployment, ...] = ()
    deployed_at: dict[str, datetime] = {}
    changes: tuple[NotedChange, ...] = ()
    changes_noted: int = 0
    cpus: dict[str, int] = {}
    measured: str | None = Field(
        None, description="The service whose memory and processor time playbooks' thresholds mean; absent: any."
    )
    disks: dict[str, DiskMount] = Field({}, description="Of services that have a disk of their own.")
    limits: dict[str, str] = {}
    disconnected: dict[str, dict[str, dict[str, Any]]] = Field(
        {}, description="Containers that are taken off a network for a moment: how they were on it."
    )
    compose: ComposeProject | None = Field(None, description="Of the compose driver only.")
    override: dict[str, dict[str, Any]] = Field({}, description="Of a declared system: what is in force, by its part.")

    @property
    def release(self) -> str:
        """The release that is to run; empty before the first `up`."""
        return self.deployed[-1].version if self.deployed else ""


def load(path: Path) -> SandboxState | None:
    """What was kept; None when nothing was. Raises EnvironmentFailed when the file cannot be used."""
    if not os.path.lexists(path):
        return None
    try:
        text = read_text(path)
    except UnreadableFile as why:
        raise EnvironmentFailed(f"{path}: {why.wrong}; run `drills sandbox down`, or delete it") from None
    try:
        state = SandboxState.model_validate_json(text)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise EnvironmentFailed(
            f"{path}: {field or 'file'}: {error.errors()[0]['msg']}; "
            "it was written by another version: run `drills sandbox down` with that one, or delete the file"
        ) from error
    if state.format > FORMAT:
        raise EnvironmentFailed(f"{path}: format {state.format} is newer than this program's ({FORMAT})")
    return state


def save(path: Path, state: SandboxState) -> None:
    """Replace the file in one step. Raises EnvironmentFailed (disk full, read-only folder)."""
    text = state.model_dump_json(indent=1)
    try:
        replace_file(path, text)
    except OSError as error:
        raise EnvironmentFailed(f"{path}: cannot be written: {_why(error)}") from error


def make_folder(path: Path) -> None:
    """Raises EnvironmentFailed when it cannot be made."""
    try:
        private_folder(path)
    except OSError as error:
        raise EnvironmentFailed(f"{path}: cannot be made: {_why(error)}") from error


def _why(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    return error.strerror or str(error)


class StateStore:
    """One sandbox's state file. Changes are made under the sandbox's change lock."""

    def __init__(self, path: Path, identity: str) -> None:
        self.path = path
        self.identity = identity

    @property
    def heartbeats(self) -> Path:
        """The folder beside it that keeps when jobs last reported."""
        return self.path.parent / "heartbeats"

    def read(self) -> SandboxState:
        """What is kept; an inactive state when nothing is."""
        return load(self.path) or SandboxState(identity=self.identity)

    def change(self, **fields: object) -> SandboxState:
        """Replace fields of the present state, and keep it."""
        state = self.read().model_copy(update=fields)
        save(self.path, state)
        return state
