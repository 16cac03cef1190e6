"""A system that drills break: what is known of it before anything runs, and how its sandbox is opened.

A workspace declares its own in drills.yaml, or names one that is added by one line, as kinds of faults, probes and
adapters are (see `drills.sandbox.systems`). Both say the same of themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from pydantic import JsonValue

    from drills.sandbox.capabilities.capability import Capability
    from drills.sandbox.choice import SandboxLocation
    from drills.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Opening:
    """What a workspace says of the sandbox that is to be opened.

    `cache` is a folder for what is slow to make and may be lost.
    """

    location: SandboxLocation
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


class KnownSystem(Protocol):
    """What is known of a system without asking anything that runs."""

    @property
    def names(self) -> Mapping[str, Collection[str]]:
        """What a fault's setting of that key may be: `service`, `link`, `release`, `setting`, `table` …

        A key that is not there cannot be known beforehand.
        """
        ...

    @property
    def addresses(self) -> Mapping[str, str]:
        """What probes may name as `${…}`, each with what it is like; `ca` and `state` are files."""
        ...

    @property
    def entrance(self) -> str | None:
        """The address at which users come in, where neither drills.yaml nor the scenario says it."""
        ...

    def locustfile(self, workspace: Path) -> Path | None:
        """What its users do, where neither drills.yaml nor the scenario says it, in a workspace in that folder."""
        ...

    @property
    def probe_settings(self) -> Mapping[str, Mapping[str, JsonValue]]:
        """By the kind of a probe: settings for those that a probe leaves out."""
        ...

    @property
    def release_service(self) -> str | None:
        """The service that has releases; None when none has."""
        ...

    def setting_services(self, name: str) -> Sequence[str]:
        """The services that have a setting of that name, as far as settings are any service's own."""
        ...

    def refusal(self, service: str, act: str) -> str | None:
        """Why its owner does not allow that to be done to the service, or (`cut`) to the link; None when they do."""
        ...

    def setting_refusal(self, name: str, value: str | None) -> str | None:
        """Why a setting of that name cannot have the value; None when it can, or that is not known."""
        ...


class System(ABC):
    """See KnownSystem. One class for each, without state and quick to load: lists and help texts ask it too."""

    commands: ClassVar[tuple[CommandGroup, ...]] = ()
    """What `drills sandbox` can do with this system alone."""
    ports: ClassVar[tuple[PublishedPort, ...]] = ()
    """Of its compose file, if it has one of its own."""

    @abstractmethod
    def open(self, opening: Opening) -> Sandbox:
        """Its sandbox, running or not. Raises BadInput for what the workspace says wrongly of it."""

    def unavailable(self, driver: str) -> Mapping[Capability, str]:  # noqa: ARG002 - for those that depend on it
        """Why, in a few words, for each capability that is known to be lacking without opening the sandbox."""
        return {}

    # --- what is known of it

    @property
    def names(self) -> Mapping[str, Collection[str]]:
        return {}

    @property
    def addresses(self) -> Mapping[str, str]:
        return {}

    @property
    def entrance(self) -> str | None:
        return None

    def locustfile(self, workspace: Path) -> Path | None:  # noqa: ARG002 - for those that have one
        return None

    @property
    def probe_settings(self) -> Mapping[str, Mapping[str, JsonValue]]:
        return {}

    @property
    def release_service(self) -> str | None:
        return None

    def setting_services(self, name: str) -> Sequence[str]:  # noqa: ARG002 - they may be the system's as a whole
        return ()

    def refusal(self, service: str, act: str) -> str | None:  # noqa: ARG002 - it is there to be broken
        return None

    def setting_refusal(self, name: str, value: str | None) -> str | None:  # noqa: ARG002 - nothing is known
        return None

    @property
    def examples(self) -> Mapping[str, JsonValue]:
        """By a fault's setting, a value with which a kind of fault can be tried on this system."""
        return {}
