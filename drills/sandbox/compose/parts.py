"""What the compose sandbox is built on: its files, its state, its lock, and who acts on its containers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.compose import engine, project
from drills.sandbox.compose.app_replicas import AppReplicas
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Containers
from drills.sandbox.compose.disk import DatabaseDisk
from drills.sandbox.compose.edge_certificate import EdgeCertificate
from drills.sandbox.compose.layout import DIRECT, Layout
from drills.sandbox.compose.project import Project
from drills.sandbox.compose.service_control import ServiceControl
from drills.sandbox.driver import Driver
from drills.sandbox.ports import HOST
from drills.sandbox.shop.names import Service
from drills.sandbox.state import SandboxState

PUBLIC_NAME = "shop.test"


class Parts(Driver):
    _project: Project
    _layout: Layout
    _allow_remote_engine: bool

    def _refuse_remote_engine(self) -> None:
        if not engine.is_local(self._project.host) and not self._allow_remote_engine:
            raise BadInput(
                f"the Docker engine at {self._project.host} is not on this machine, and drills break things; "
                "unset DOCKER_HOST, or say in drills.yaml: sandbox: {allow-remote-engine: true}"
            )

    def _refuse_other_place(self, kept: SandboxState) -> None:
        """What was brought up under another name, or on another engine, is not to be mended here."""
        if kept.active and kept.compose is not None and not self._project.is_at(kept.compose.name, kept.compose.host):
            raise EnvironmentFailed(
                f"this sandbox was brought up as {kept.compose.name} on the engine {kept.compose.host}, and now "
                f"{self._project.name} on {self._project.host} is meant: go back to that one (DOCKER_HOST, `docker "
                f"context use`, COMPOSE_PROJECT_NAME), or, if it is gone for good, delete {self._layout.state}"
            )

    def _active(self) -> SandboxState:
        state = super()._active()
        self._refuse_other_place(state)
        return state

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
        self._refuse_other_place(self._store.read())
        return project.is_running(self._project)


def _database_url(user: str, password: str, port: int) -> str:
    from urllib.parse import quote

    secret = f":{quote(password, safe='')}" if password else ""
    return f"postgresql://{user}{secret}@{HOST}:{port}/shop"
