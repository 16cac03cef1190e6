"""What all that the local sandbox does is built on: its files, its state, its lock, and who acts on its processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drills.errors import EnvironmentFailed
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.definitions import ShopDefinitions, definitions
from drills.sandbox.local.app_replicas import AppReplicas
from drills.sandbox.local.blueprints import Layout
from drills.sandbox.local.disk import DatabaseDisk
from drills.sandbox.local.edge_certificate import EdgeCertificate
from drills.sandbox.local.ports import HOST
from drills.sandbox.local.service_control import ServiceControl
from drills.sandbox.names import Named, named
from drills.sandbox.protocol import Link, Service
from drills.sandbox.state import SandboxState, StateStore

if TYPE_CHECKING:
    from drills.sandbox.toxiproxy import Toxiproxy

#: What does not depend on another comes first; the app comes last and goes first.
BACKING = (
    Service.DATABASE,
    Service.CACHE,
    Service.EXTERNAL_API,
    Service.TOXIPROXY,
    Service.EDGE,
    Service.DNS,
)


class Parts:
    _layout: Layout
    _store: StateStore
    _lock: ChangeLock
    _disk: DatabaseDisk

    @property
    def _shop(self) -> ShopDefinitions:
        return definitions(self._layout.shop_root)

    @property
    def _control(self) -> ServiceControl:
        return ServiceControl(self._layout, self._store, self._shop, self._store.identity)

    @property
    def _replicas(self) -> AppReplicas:
        return AppReplicas(self._control)

    @property
    def _certificate(self) -> EdgeCertificate:
        return EdgeCertificate(self._control)

    @property
    def _toxiproxy(self) -> Toxiproxy:
        from drills.sandbox.toxiproxy import Toxiproxy  # its HTTP library is slow to load; few commands need it

        return Toxiproxy(f"http://{HOST}:{self._active().ports[Service.TOXIPROXY]}")

    def _active(self) -> SandboxState:
        state = self._store.read()
        if not state.active:
            raise EnvironmentFailed("the sandbox is down; `drills sandbox up` starts it")
        if lacks_ports(state):
            raise EnvironmentFailed("an older version started the sandbox; `drills sandbox up` adds what is new")
        return state

    def _named(self, name: str) -> Named:
        return named(name, self._active().replicas)


def lacks_ports(state: SandboxState) -> bool:
    """Whether an older version, which had fewer services, brought it up."""
    return not {*Service, *Link} <= state.ports.keys()
