"""A system that workspaces may have without declaring its services: what the rest of the program asks of it.

It is added by one line, as kinds of faults, probes and adapters are (see `drills.sandbox.systems`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from drills.sandbox.capabilities.capability import Capability
    from drills.sandbox.choice import SandboxPlace
    from drills.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Opening:
    """What a workspace says of the sandbox that is to be opened.

    `cache` is a folder for what is slow to make and may be lost.
    """

    place: SandboxPlace
    cache: Path
    allow_remote_engine: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command prints; one that is not `well` ends with status 1."""

    lines: Sequence[str]
    well: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """`--name` of a command, with a value; None when it is not given."""

    name: str
    help: str
    kind: type[str] | type[int] = str


@dataclass(frozen=True, slots=True)
class SystemCommand:
    """`drills sandbox GROUP NAME`. `run` gets the options by their names, and may raise any DrillsError.

    What is `read_only` is no change that a responder is credited with.
    """

    name: str
    help: str
    example: str
    run: Callable[[Sandbox, Mapping[str, str | int | None]], Answer]
    options: tuple[Option, ...] = ()
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """Commands that only this system has, under one name of `drills sandbox`."""

    name: str
    help: str
    commands: tuple[SystemCommand, ...]


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port on this machine that its compose file publishes, unless the environment's `variable` names another.

    `datagrams`: UDP as well.
    """

    variable: str
    usual: int
    datagrams: bool = False


class System:
    """One class for each system, without state and quick to load: lists and help texts ask it too."""

    commands: ClassVar[tuple[CommandGroup, ...]] = ()
    """What `drills sandbox` can do with this system alone."""
    ports: ClassVar[tuple[PublishedPort, ...]] = ()
    """Of its compose file, if it has one of its own."""

    def open(self, opening: Opening) -> Sandbox:
        """Its sandbox, running or not. Raises BadInput for what the workspace says wrongly of it."""
        raise NotImplementedError

    def unavailable(self, driver: str) -> Mapping[Capability, str]:  # noqa: ARG002 - for those that depend on it
        """Why, in a few words, for each capability that is known to be lacking without opening the sandbox."""
        return {}
