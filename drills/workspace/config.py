"""The model of drills.yaml, the configuration of a workspace."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from drills.model.durations import Duration
from drills.model.file_names import FilePath
from drills.model.on_call import OnCall
from drills.model.playbook import Model
from drills.probing.net.server_url import ServerUrl
from drills.probing.net.urls import HttpUrl
from drills.sandbox.choice import INCLUDED
from drills.sandbox.declared.declaration import DeclaredLink, DeclaredService
from drills.sandbox.declared.system import DeclaredSystem, ReleaseDeclaration, SettingName
from drills.sandbox.system import KnownSystem
from drills.sandbox.systems import system_of
from drills.workspace.schedule import ScheduleEntry


def _a_prober(url: str) -> str:
    HttpUrl.of(url)
    return url


def _a_store(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    backend = scheme.partition("+")[0]
    right = "write sqlite:///path/to/drills.db or postgresql://user@host/database"
    if not mark or backend not in ("sqlite", "postgresql"):
        raise ValueError(f"is not the URL of a store; {right}")  # it may hold a password: never shown
    if backend == "postgresql":
        ServerUrl.read(f"{backend}://{rest}", "postgresql://user@host/database")
    elif not rest.strip("/"):
        raise ValueError(f"names no file; {right}")
    return url


class Driver(StrEnum):
    AUTO = "auto"
    """The compose sandbox when it is up, else the local one."""
    LOCAL = "local"
    COMPOSE = "compose"


class SandboxConfig(Model):
    """The system that drills break. Sandboxes of different names run side by side."""

    driver: Driver = Driver.AUTO
    system: str = Field(
        INCLUDED, description="Without services: the included system, or one that a distribution adds (drills.systems)."
    )
    name: str = Field("default", pattern=r"^[a-z0-9][a-z0-9-]*$")
    file: FilePath | tuple[FilePath, ...] | None = Field(
        None,
        description="The compose file, in the workspace, or a list of them; absent: as `docker compose` finds them.",
    )
    project: str | None = Field(
        None, pattern=r"^[a-z0-9][a-z0-9_-]*$", description="The compose project's name; absent: as Compose has it."
    )
    services: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")], DeclaredService] = Field(
        default_factory=dict,
        description="Of a compose project of your own, each by its name there; absent: those of `system`.",
    )
    links: dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")], DeclaredLink] = Field(
        default_factory=dict,
        description="Of a compose project of your own: dependencies that can be slowed, cut or reset, each by a name.",
    )
    releases: ReleaseDeclaration | None = Field(None, description="Of the declared services: which can be deployed.")
    settings: dict[str, tuple[SettingName, ...]] = Field(
        default_factory=dict, description="Of the declared services: the environment variables that may be changed."
    )
    copy_: bool = Field(False, description="Drill on a throw-away copy of your own project, NAME-drill.")
    allow_remote_engine: bool = Field(False, description="Whether the Docker engine may be another machine's.")

    @property
    def declared(self) -> DeclaredSystem:
        """What is declared of a system of one's own; empty where none is."""
        return DeclaredSystem(services=self.services, links=self.links, releases=self.releases, settings=self.settings)

    @property
    def known(self) -> KnownSystem:
        """What is known of the system, whether its services are declared or not. Raises BadInput for an unknown one."""
        return self.declared if self.services else system_of(self.system)


class TrafficConfig(Model):
    locustfile: FilePath | None = Field(
        None, description="In the workspace; a scenario may have its own; absent: what the system comes with."
    )
    service: str | None = Field(None, description="The service that Locust's users ask; absent: the system's entrance.")


class Retention(Model):
    """How long the store keeps what probes saw. Drills and their events are kept for ever."""

    observations: Duration = timedelta(days=30)


class ProberConfig(Model):
    """A prober on another machine (`drills prober`), from which vantages with `via` check."""

    url: Annotated[str, AfterValidator(_a_prober)] = Field(
        pattern=r"^https?://[^\s/]+\S*$", description="Where it listens, or what passes on to it: http://10.0.0.5:8970."
    )
    token_file: FilePath = Field(description="A file, in the workspace or by its whole path, that holds its token.")


class WorkspaceConfig(Model):
    """The file drills.yaml. `format` is the version of this file format."""

    format: int = 1
    playbook: str = Field(description="The severity policy: a file of playbooks/, or one of those included.")
    sandbox: SandboxConfig = SandboxConfig()
    traffic: TrafficConfig = TrafficConfig()
    schedule: tuple[ScheduleEntry, ...] = ()
    probers: dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")], ProberConfig] = Field(
        default_factory=dict, description="Probers on other machines, each by its name."
    )
    store: Annotated[str, AfterValidator(_a_store)] | None = Field(
        None, description="A database URL; absent: SQLite in .drills/drills.db."
    )
    reports: FilePath = Field("reports", description="The folder for reports.")
    retention: Retention = Retention()
    on_call: OnCall = Field(OnCall(), description="Who is on call when: rotations and overrides.")
