"""What all parts of one sandbox of the included system stand on, and who runs its services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from drills.errors import EnvironmentFailed
from drills.included_shop.definitions import ShopDefinitions, definitions
from drills.included_shop.names import Named, Service
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.certificate import Certificate
from drills.sandbox.capabilities.disk import DatabaseDisk
from drills.sandbox.capabilities.resources import Resources
from drills.sandbox.capabilities.services import Running, Services, ServiceStatus
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.commands import Commands
from drills.sandbox.state import SandboxState, StateStore

#: What does not depend on another comes first; the app comes last and goes first.
BACKING = (
    Service.DATABASE,
    Service.CACHE,
    Service.EXTERNAL_API,
    Service.TOXIPROXY,
    Service.EDGE,
    Service.DNS,
)
#: All, in the order of a list.
SERVICES = (Service.APP, *BACKING)
#: What playbooks' thresholds of memory and processor time mean.
MEASURED = Service.APP.value


@dataclass(frozen=True)
class Ground:
    """Its state, its change lock, and what the shop says about itself. `check` may refuse a state that is not usable.

    `shop_root` is the folder in which `shop/` lies, `backups` that of the database's backups, and `config` that of
    files which drills may change.
    """

    store: StateStore
    lock: ChangeLock
    shop_root: Path
    backups: Path
    config: Path
    check: Callable[[SandboxState], None]

    @property
    def shop(self) -> ShopDefinitions:
        """Raises EnvironmentFailed when no shop lies there."""
        return definitions(self.shop_root)

    def active(self) -> SandboxState:
        """The state of a sandbox that is up. Raises EnvironmentFailed when it is not."""
        state = self.store.read()
        if not state.active:
            raise EnvironmentFailed("the sandbox is down; `drills sandbox up` starts it")
        self.check(state)
        return state


class Control(Protocol):
    """Who acts on a driver's services, the app apart. Callers hold the change lock."""

    @property
    def shop(self) -> ShopDefinitions: ...

    def sweep(self) -> Sequence[object]:
        """End what a killed runner left behind; the names of what was ended."""
        ...

    def running(self, service: Service) -> Running: ...

    def start(self, services: Sequence[Service]) -> None:
        """Start those (not the app) that are down, and wait until each answers."""
        ...

    def stop(self, *services: Service) -> None: ...

    def restart(self, service: Service) -> None:
        """Not the app. It runs with its present settings then."""
        ...

    def resume(self, service: Service) -> None: ...

    def kill(self, service: Service) -> None: ...

    def pause(self, service: Service) -> None: ...

    def outdated(self, services: Sequence[Service]) -> list[Service]:
        """Those that run with other settings than the state says."""
        ...

    def resources(self) -> Mapping[str, str]:
        """Limits of services that are no settings."""
        ...

    def bring_resources_to(self, wanted: Mapping[str, str]) -> None: ...


class OutdatedReplica(Protocol):
    @property
    def release(self) -> str: ...


class AppReplicas(Protocol):
    """Who acts on a driver's replicas of the app. Callers hold the change lock."""

    def alive(self) -> int:
        """How many run, the frozen ones too."""
        ...

    def outdated(self) -> Sequence[OutdatedReplica]: ...

    def replace(self, *, release: str | None = None, then: Callable[[], None] = ...) -> None: ...

    def adjust(self) -> None: ...

    def stop_one(self, number: int) -> None: ...

    def kill_one(self, number: int) -> None: ...

    def pause_one(self, number: int) -> None: ...

    def resume_one(self, number: int) -> None: ...

    def replace_one(self, number: int) -> None: ...


class ServiceView(Protocol):
    """What can be seen of a driver's services."""

    def statuses(self, addresses: Mapping[str, str]) -> Sequence[ServiceStatus]:
        """One for each service; all are down while the sandbox is."""
        ...

    def logs(self, known: Named, *, after: datetime | None, grep: str | None) -> Sequence[str]:
        """What the service, or that replica, wrote, the oldest line first."""
        ...


class EdgeCertificate(Protocol):
    """The certificate at a driver's edge. Callers hold the change lock."""

    def read(self) -> Certificate: ...

    def renew(self, valid_for: timedelta) -> None: ...


class ShopDriver(Protocol):
    """How the included system runs: as processes, or as containers."""

    @property
    def name(self) -> str: ...

    @property
    def ground(self) -> Ground: ...

    @property
    def unavailable(self) -> Mapping[Capability, str]: ...

    def refusal(self, service: str, act: str) -> str | None:
        """What this driver cannot do to any service; None for what it can."""
        ...

    @property
    def addresses(self) -> Mapping[str, str]:
        """See `drills.sandbox.sandbox.Sandbox.addresses`; empty while it is down."""
        ...

    @property
    def commands(self) -> Commands: ...

    @property
    def control(self) -> Control: ...

    @property
    def app(self) -> AppReplicas: ...

    @property
    def certificate(self) -> EdgeCertificate: ...

    @property
    def disk(self) -> DatabaseDisk: ...

    @property
    def services(self) -> Services: ...

    @property
    def resources(self) -> Resources: ...

    def refresh(self) -> None:
        """Give the services behind the app that run with other settings the present ones."""
        ...

    def is_up(self) -> bool: ...

    def up(self) -> None: ...

    def down(self) -> None: ...

    def ready_for_restore(self) -> AbstractContextManager[tuple[str, ...]]:
        """Hold the change lock, bring up what is down, and give the database room; yields what was recreated."""
        ...
