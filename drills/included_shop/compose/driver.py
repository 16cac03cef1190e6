"""The included system as containers, on a Docker engine and `docker compose`.

Nothing supervises them: what was killed stays dead until it is started.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from drills.errors import EnvironmentFailed
from drills.included_shop.backups import ShopBackups
from drills.included_shop.compose.app_replicas import AppReplicas
from drills.included_shop.compose.bringing_up import BringingUp
from drills.included_shop.compose.disk import DatabaseDisk
from drills.included_shop.compose.edge_certificate import EdgeCertificate
from drills.included_shop.compose.layout import Layout
from drills.included_shop.compose.ports import DIRECT
from drills.included_shop.compose.resources import ComposeResources
from drills.included_shop.compose.service_control import ServiceControl
from drills.included_shop.compose.service_view import ServiceView
from drills.included_shop.ground import BACKING, Ground
from drills.included_shop.health import await_ready
from drills.included_shop.names import Service
from drills.included_shop.services import ShopServices
from drills.included_shop.settings import ShopSettings
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.commands import Commands
from drills.sandbox.compose import engine, project
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.container_commands import ContainerCommands
from drills.sandbox.compose.containers import Containers
from drills.sandbox.compose.project import Project
from drills.sandbox.ports import HOST
from drills.sandbox.state import SandboxState, StateStore, make_folder

PUBLIC_NAME = "shop.test"


class ComposeDriver:
    """See `drills.included_shop.ground.ShopDriver`. Its own files are kept in `state_dir`.

    Raises BadInput when the engine is another machine's, unless that is allowed, and when the project's name is
    another folder's.
    """

    name = "compose"
    unavailable: Mapping[Capability, str] = {}

    def __init__(
        self,
        own: Project,
        state_dir: Path,
        shop_root: Path,
        *,
        allow_remote_engine: bool = False,
        home: Path | None = None,
    ) -> None:
        self.project = own
        self.layout = Layout(state_dir.absolute(), shop_root.resolve())
        self._allow_remote_engine = allow_remote_engine
        marker = hashlib.sha256(f"{self.layout.root}\0{own.name}".encode()).hexdigest()[:16]
        self.ground = Ground(
            StateStore(self.layout.state, marker),
            ChangeLock(self.layout.root / "change.lock"),
            self.layout.shop_root,
            self.layout.backups,
            self.layout.config,
            self._refuse_other_place,
        )
        self.store = self.ground.store
        self.commands = Commands(home or state_dir, lambda: self.addresses, lambda: ContainerCommands(self.containers))

    def refusal(self, service: str, act: str) -> str | None:  # noqa: ARG002 - the included system may be broken anyhow
        return None

    def _refuse_remote_engine(self) -> None:
        engine.refuse_remote(self.project.host, allowed=self._allow_remote_engine)

    def _refuse_other_place(self, kept: SandboxState) -> None:
        """Refuse a sandbox that was brought up under another name, or on another engine."""
        if kept.active and kept.compose is not None and not self.project.is_at(kept.compose.name, kept.compose.host):
            raise EnvironmentFailed(
                f"this sandbox was brought up as {kept.compose.name} on the engine {kept.compose.host}, and now "
                f"{self.project.name} on {self.project.host} is meant: go back to that one (DOCKER_HOST, `docker "
                f"context use`, COMPOSE_PROJECT_NAME), or, if it is gone for good, delete {self.layout.state}"
            )

    @property
    def addresses(self) -> Mapping[str, str]:
        state = self.store.read()
        if not state.active:
            return {}
        ports = state.ports
        password = self.ground.shop.complete(state.settings).get("database_password", "")
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
            "ca": str(self.layout.certificates / "ca.pem"),
            "state": str(self.layout.state),
        }

    # --- who acts on its containers

    @cached_property
    def containers(self) -> Containers:
        self._refuse_remote_engine()
        return Containers(self.project)

    @cached_property
    def control(self) -> ServiceControl:
        return ServiceControl(self.layout, self.store, self.ground.shop, self.containers, ComposeCli(self.project))

    @cached_property
    def app(self) -> AppReplicas:
        return AppReplicas(self.control)

    @cached_property
    def certificate(self) -> EdgeCertificate:
        return EdgeCertificate(self.control)

    @cached_property
    def disk(self) -> DatabaseDisk:
        return DatabaseDisk(self.control)

    @cached_property
    def services(self) -> ShopServices:
        view = ServiceView(self.control, self.app)
        return ShopServices(self.ground, self.control, self.app, view, lambda: self.addresses)

    @cached_property
    def resources(self) -> ComposeResources:
        settings = ShopSettings(self.ground, self.app, self.refresh)
        return ComposeResources(self.ground, self.control, self.disk, settings.set)

    def refresh(self) -> None:
        self.control.refresh(BACKING)

    # --- up and down

    @cached_property
    def _bringing_up(self) -> BringingUp:
        return BringingUp(self.ground, self.project, self.layout, self.control, self.app, self.certificate)

    def _sees_project(self) -> bool:
        """Whether any container of the project runs or is frozen."""
        self._refuse_remote_engine()
        self._refuse_other_place(self.store.read())
        return project.is_running(self.project)

    def is_up(self) -> bool:
        """Whether something of it runs; one that was brought up by hand is taken over."""
        if not self._sees_project():
            return False
        if not self.store.read().active:
            with self.ground.lock.held():
                if not self.store.read().active:
                    self._bringing_up.take_over()
        self._bringing_up.note_ports()  # Whoever made containers anew by hand may have published others.
        return True

    def up(self) -> None:
        make_folder(self.layout.root)
        with self.ground.lock.held():
            self._bringing_up.run(running=self._sees_project())
            self.certificate.keep_copies()
            await_ready(self.ground, self.addresses)
            ShopBackups(self.ground.backups, lambda: self.addresses["database"]).provide_nightly()

    def down(self) -> None:
        self._refuse_other_place(self.store.read())
        if not self.layout.root.is_dir() and not self._sees_project():
            return
        with self.ground.lock.held():
            self._bringing_up.take_down()

    @contextlib.contextmanager
    def ready_for_restore(self) -> Iterator[tuple[str, ...]]:
        self._refuse_other_place(self.store.read())
        with self.ground.lock.held(), self.disk.room_to_recover():
            if not self.store.read().active:
                self.up()
            self._bringing_up.note_ports()
            self.control.start_what_supports()
            yield ()


def _database_url(user: str, password: str, port: int) -> str:
    secret = f":{quote(password, safe='')}" if password else ""
    return f"postgresql://{user}{secret}@{HOST}:{port}/shop"
