"""What all that the local sandbox does is built on: its files, its state, its lock, and who acts on its processes."""

from __future__ import annotations

from drills.errors import EnvironmentFailed
from drills.sandbox.driver import Driver
from drills.sandbox.local.app_replicas import AppReplicas
from drills.sandbox.local.blueprints import Layout
from drills.sandbox.local.disk import DatabaseDisk
from drills.sandbox.local.edge_certificate import EdgeCertificate
from drills.sandbox.local.service_control import ServiceControl
from drills.sandbox.shop.names import Link, Service
from drills.sandbox.state import SandboxState


class Parts(Driver):
    _layout: Layout
    _disk: DatabaseDisk

    @property
    def _control(self) -> ServiceControl:
        return ServiceControl(self._layout, self._store, self._shop, self._store.identity)

    @property
    def _replicas(self) -> AppReplicas:
        return AppReplicas(self._control)

    @property
    def _certificate(self) -> EdgeCertificate:
        return EdgeCertificate(self._control)

    def _active(self) -> SandboxState:
        state = super()._active()
        if lacks_ports(state):
            raise EnvironmentFailed("an older version started the sandbox; `drills sandbox up` adds what is new")
        return state


def lacks_ports(state: SandboxState) -> bool:
    """Whether an older version, which had fewer services, brought it up."""
    return not {*Service, *Link} <= state.ports.keys()
