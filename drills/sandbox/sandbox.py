"""The system that drills break, as the rest of the program sees it: a composition of what it has.

All calls block (the conductor runs them in threads) and end by a deadline of their own: `EnvironmentFailed` tells
what did not answer. Every change is idempotent: asking for what already is does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drills.sandbox.capabilities.backups import Backups
from drills.sandbox.capabilities.cache import Cache, Caches
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.certificate import InstalledCertificate
from drills.sandbox.capabilities.changes import Changes
from drills.sandbox.capabilities.database import Database, Databases
from drills.sandbox.capabilities.disk import Disk
from drills.sandbox.capabilities.links import Links
from drills.sandbox.capabilities.migrations import Migrations
from drills.sandbox.capabilities.releases import Releases
from drills.sandbox.capabilities.replicas import Replicas
from drills.sandbox.capabilities.resources import Resources
from drills.sandbox.capabilities.services import Services
from drills.sandbox.capabilities.settings import Settings
from drills.sandbox.fingerprint import Fingerprint

if TYPE_CHECKING:
    from drills.sandbox.commands import Commands


class Sandbox(Protocol):
    """One running (or not yet running) sandbox of a workspace.

    Whatever is asked of what it does not have raises NotSupported, with the reason from `unavailable`.
    """

    @property
    def driver(self) -> str:
        """`local` or `compose`."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    @property
    def unavailable(self) -> Mapping[Capability, str]:
        """What this driver cannot do here, and why in a few words; the rest is in `capabilities`."""
        ...

    @property
    def service_names(self) -> Sequence[str]:
        """The services that may be named, whether the sandbox is up or not."""
        ...

    @property
    def secrets(self) -> frozenset[str]:
        """What is not to be shown, beside the present values of secret settings: passwords that it was given."""
        ...

    def refusal(self, service: str, act: str) -> str | None:
        """Why drills may not do that (`stop`, `kill`, `sql` …) to a service of that name; None when they may.

        An empty name means the only service that the act can be done to: the database for `sql`.
        """
        ...

    @property
    def release_service(self) -> str | None:
        """The service that has releases; None when none has."""
        ...

    def setting_services(self, name: str) -> Sequence[str]:
        """The services that have a setting of that name, as far as settings are any service's own."""
        ...

    @property
    def addresses(self) -> Mapping[str, str]:
        """What probes and locustfiles may name as `${web}`, `${db}` …: of each service what its technology is asked by.

        They go straight to the service, around Toxiproxy. Empty when the sandbox is down. `state`, the path of the
        sandbox's state, is there for probes that were written when some needed it.
        """
        ...

    @property
    def heartbeats(self) -> Path:
        """The folder where `drills heartbeat` keeps when jobs last reported, whether the sandbox is up or not."""
        ...

    def is_up(self) -> bool: ...

    def up(self) -> None:
        """Start what does not run and wait until `/ready` answers. Raises EnvironmentFailed."""
        ...

    def down(self) -> None:
        """End every process that this sandbox started, and only those."""
        ...

    # --- what it has

    @property
    def services(self) -> Services: ...

    @property
    def resources(self) -> Resources: ...

    @property
    def links(self) -> Links: ...

    @property
    def releases(self) -> Releases: ...

    @property
    def replicas(self) -> Replicas: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def changes(self) -> Changes: ...

    @property
    def databases(self) -> Databases: ...

    @property
    def database(self) -> Database:
        """The only one that there is."""
        ...

    @property
    def migrations(self) -> Migrations: ...

    @property
    def backups(self) -> Backups: ...

    @property
    def disk(self) -> Disk: ...

    @property
    def caches(self) -> Caches: ...

    @property
    def cache(self) -> Cache:
        """The only one that there is."""
        ...

    @property
    def certificate(self) -> InstalledCertificate: ...

    @property
    def commands(self) -> Commands:
        """What runs commands on this machine, in the workspace's folder, or in a container of a service."""
        ...

    # --- the whole of it

    def health(self) -> Mapping[str, tuple[bool, str]]:
        """Each health endpoint and service: whether it answers well, and what it said."""
        ...

    def fingerprint(self) -> Fingerprint: ...

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        """Bring everything back to that state; returns what had to be changed. Idempotent.

        Raises EnvironmentFailed when it could not.
        """
        ...
