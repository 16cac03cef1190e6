"""What the compose sandbox is built on: its files, its state, its lock, and who acts on its containers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.compose import engine, project
from drills.sandbox.compose.app_replicas import AppReplicas
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Containers
from drills.sandbox.compose.disk import DatabaseDisk
from drills.sandbox.compose.edge_certificate import EdgeCertificate
from drills.sandbox.compose.layout import DIRECT, HOST, Layout
from drills.sandbox.compose.project import Project
from drills.sandbox.compose.service_control import ServiceControl
from drills.sandbox.definitions import ShopDefinitions, definitions
from drills.sandbox.names import Named, named
from drills.sandbox.protocol import Service
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
PUBLIC_NAME = "shop.test"


class Parts:
    _project: Project
    _layout: Layout
    _store: StateStore
    _lock: ChangeLock
    _allow_remote_engine: bool

    @property
    def _shop(self) -> ShopDefinitions:
        return definitions(self._layout.shop_root)

    def _refuse_remote_engine(self) -> None:
        if not engine.is_local(self._project.host) and not self._allow_remote_engine:
            raise BadInput(
                f"the Docker engine at {self._project.host} is not on this machine, and drills break things; "
                "unset DOCKER_HOST, or say in drills.yaml: sandbox: {allow-remote-engine: true}"
            )

    @cached_property
    def _containers(self) -> Containers:
        self._refuse_remote_engine()
        return Containers(self._project)

    @cached_property
    def _control(self) -> ServiceControl:
        return ServiceControl(self._layout, self._store, self._shop, self._containers, ComposeCli(self._project))

    @cached_property
    def _replicas(self) -> AppReplicas:
        return AppReplicas(self._control)

    @property
    def _certificate(self) -> EdgeCertificate:
        return EdgeCertificate(self._control)

    @property
    def _disk(self) -> DatabaseDisk:
        return DatabaseDisk(self._control)

    @property
    def _toxiproxy(self) -> Toxiproxy:
        from drills.sandbox.toxiproxy import Toxiproxy  # its HTTP library is slow to load; few commands need it

        return Toxiproxy(f"http://{HOST}:{self._active().ports[Service.TOXIPROXY]}")

    def _active(self) -> SandboxState:
        """The state of a sandbox that is up. Raises EnvironmentFailed when it is not."""
        state = self._store.read()
        if not state.active:
            raise EnvironmentFailed("the sandbox is down; `drills sandbox up` starts it")
        return state

    def _named(self, name: str) -> Named:
        return named(name, self._active().replicas)

    @property
    def addresses(self) -> Mapping[str, str]:
        state = self._store.read()
        if not state.active:
            return {}
        ports = state.ports
        password = self._shop.complete(state.settings).get("database_password", "")
        return {
            "app": f"http://{HOST}:{ports[Service.APP]}",
            "app-direct": f"http://{HOST}:{ports[DIRECT]}",
            "edge": f"https://{PUBLIC_NAME}:{ports[Service.EDGE]}",
            "edge-address": f"{HOST}:{ports[Service.EDGE]}",
            "database": _database_url("postgres", "", ports[Service.DATABASE]),
            "database-app": _database_url("shop", password, ports[Service.DATABASE]),
            "cache": f"redis://{HOST}:{ports[Service.CACHE]}/0",
            "external-api": f"http://{HOST}:{ports[Service.EXTERNAL_API]}",
            "toxiproxy": f"http://{HOST}:{ports[Service.TOXIPROXY]}",
            "dns": f"{HOST}:{ports[Service.DNS]}",
            "ca": str(self._layout.certificates / "ca.pem"),
            "state": str(self._layout.state),
        }

    def _sees_project(self) -> bool:
        """Whether any container of the project runs or is frozen."""
        self._refuse_remote_engine()
        return project.is_running(self._project)


def _database_url(user: str, password: str, port: int) -> str:
    from urllib.parse import quote

    secret = f":{quote(password, safe='')}" if password else ""
    return f"postgresql://{user}{secret}@{HOST}:{port}/shop"
