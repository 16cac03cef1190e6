"""The included system as real processes on loopback, for machines without Docker.

Nothing supervises them: what was killed stays dead until it is started.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.included_shop.database.backups import NIGHTLY, adopt
from drills.included_shop.ground import BACKING, MEASURED, Ground
from drills.included_shop.health import await_ready
from drills.included_shop.local import postgres
from drills.included_shop.local.addresses import addresses
from drills.included_shop.local.app_replicas import AppReplicas
from drills.included_shop.local.blueprints import Layout
from drills.included_shop.local.disk import DatabaseDisk
from drills.included_shop.local.edge_certificate import EdgeCertificate
from drills.included_shop.local.processes import trim
from drills.included_shop.local.resources import LocalResources
from drills.included_shop.local.service_control import ServiceControl
from drills.included_shop.local.service_view import ServiceView
from drills.included_shop.local.template import provide_template
from drills.included_shop.names import Link, Service
from drills.included_shop.provider_console import took_settings
from drills.included_shop.services import ShopServices
from drills.included_shop.settings import ShopSettings
from drills.included_shop.system import NO_CONTAINERS
from drills.sandbox import change_history
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.commands import Commands, no_containers
from drills.sandbox.ports import choose_ports, free_port
from drills.sandbox.release_line import initial_line
from drills.sandbox.state import DiskMount, SandboxState, StateStore, make_folder


class LocalDriver:
    """See `drills.included_shop.ground.ShopDriver`. Files are in `state_dir`, the seeded database's in `cache_dir`."""

    name = "local"

    def __init__(
        self,
        state_dir: Path,
        shop_root: Path,
        name: str = "default",
        *,
        cache_dir: Path | None = None,
        home: Path | None = None,
    ) -> None:
        root = state_dir.absolute()
        # The marker must be the same in every process that uses this folder, and in no other.
        marker = hashlib.sha256(f"{root.resolve()}\0{name}".encode()).hexdigest()[:16]
        self.disk = DatabaseDisk(postgres.disk_folder(root, marker), marker)
        self.layout = Layout(root, shop_root.resolve(), self.disk.data)
        self.cache_dir = (cache_dir or root / "cache").absolute()
        self.ground = Ground(
            StateStore(self.layout.state, marker),
            ChangeLock(root / "change.lock"),
            self.layout.shop_root,
            root / "backups",
            self.layout.config,
            _refuse_older,
        )
        self.store = self.ground.store
        self.commands = Commands(home or state_dir, lambda: self.addresses)

    def refusal(self, service: str, act: str) -> str | None:
        return no_containers(service) if act == "exec" else None

    @property
    def unavailable(self) -> Mapping[Capability, str]:
        without_disk = self.disk.refusal(wanted=self.store.read().active)
        return {Capability.STRESS: NO_CONTAINERS, **({Capability.DISK: without_disk} if without_disk else {})}

    @property
    def addresses(self) -> Mapping[str, str]:
        state = self.store.read()
        return addresses(self.layout, state) if state.active else {}

    # --- who acts on its processes

    @cached_property
    def control(self) -> ServiceControl:
        return ServiceControl(self.layout, self.store, self.ground.shop, self.store.identity)

    @cached_property
    def app(self) -> AppReplicas:
        return AppReplicas(self.control)

    @cached_property
    def certificate(self) -> EdgeCertificate:
        return EdgeCertificate(self.control)

    @cached_property
    def services(self) -> ShopServices:
        view = ServiceView(self.control)
        return ShopServices(self.ground, self.control, self.app, view, lambda: self.addresses)

    @cached_property
    def resources(self) -> LocalResources:
        settings = ShopSettings(self.ground, self.app, self.refresh)
        return LocalResources(self.ground, self.control, self.disk, settings.set)

    def refresh(self) -> None:
        for service in self.control.outdated(BACKING):
            if not took_settings(self.control, self.store, service):
                self.services.restart(service)

    # --- up and down

    def is_up(self) -> bool:
        """Whether it was brought up and something of it still runs."""
        state = self.store.read()
        return state.active and any(self.control.running(service) is not Running.DOWN for service in Service)

    def up(self) -> None:
        with self.ground.lock.held():
            for folder in (self.layout.root, self.layout.logs, self.layout.config, self.layout.run):
                make_folder(folder)
            make_folder(self.layout.cache)
            for service in Service:
                trim(self.layout.log(service))
            self.control.sweep()
            if not self.store.read().active:
                self._begin_afresh()
            elif not self.is_up():
                self.store.change(ports=self._choose_ports())
                if not self.layout.database.is_dir():  # The machine was restarted, and its mounts are gone.
                    self._provide_database()
            elif lacks_ports(self.store.read()):
                self._add_ports()
            # Of one that an older version brought up they are not known.
            self.store.change(measured=MEASURED, disks={Service.DATABASE.value: DiskMount(path=str(self.disk.folder))})
            self.certificate.provide(afresh=False)
            for service in Service:
                self.control.resume(service)
            self.control.start(BACKING)
            if not self.control.records(Service.APP):
                self.app.clear_metrics()
            self.app.adjust()
            await_ready(self.ground, self.addresses)

    def _begin_afresh(self) -> None:
        self._provide_database()
        self.certificate.provide(afresh=True)
        now = datetime.now(UTC)
        line = initial_line(self.ground.shop.first_versions, now)
        self.store.change(
            active=True,
            up_since=now,
            ports=self._choose_ports(),
            processes=(),
            replicas=SandboxState.model_fields["replicas"].default,
            settings=self.ground.shop.defaults,
            deployed=line,
            deployed_at={deployment.version: deployment.at for deployment in line},
            changes=change_history.first_changes(line),
            changes_noted=len(line),
            cpus={},
        )

    def _choose_ports(self) -> dict[str, int]:
        return choose_ports((*Service, *Link), self.store.read().ports, self.layout.state)

    def _add_ports(self) -> None:
        """For services that an older version did not have, beside those that run."""
        ports = dict(self.store.read().ports)
        for name in (*Service, *Link):
            if name not in ports:
                ports[name] = free_port(set(ports.values()), self.layout.state)
        self.store.change(ports=ports)

    def _provide_database(self) -> None:
        """A disk with the seeded data and nothing else, and its backup of last night."""
        template = provide_template(
            self.cache_dir, self.layout.shop_root, marker=self.store.identity, log=self.layout.log("database")
        )
        self.disk.provide(postgres.os_user())
        postgres.provide_data(self.layout.database, template / "data")
        adopt(template / NIGHTLY, self.ground.backups, NIGHTLY, datetime.now(UTC))

    def down(self) -> None:
        if not self.layout.root.is_dir():
            return
        with self.ground.lock.held():
            self.control.end_everything()
            try:
                self.store.change(active=False, processes=(), starting=())
            except EnvironmentFailed:
                self.layout.state.unlink(missing_ok=True)  # Not readable, and of no use any more.
            self.disk.release()
            for folder in (self.layout.run, self.ground.backups, self.layout.config):
                shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def ready_for_restore(self) -> Iterator[tuple[str, ...]]:
        with self.ground.lock.held(), self.disk.room_to_recover():
            state = self.store.read()
            if not state.active or lacks_ports(state):
                self.up()
            yield () if state.active else ("the sandbox was down, or its state was lost: it was created again",)


def lacks_ports(state: SandboxState) -> bool:
    """Whether an older version, which had fewer services, brought it up."""
    return not {*Service, *Link} <= state.ports.keys()


def _refuse_older(state: SandboxState) -> None:
    if lacks_ports(state):
        raise EnvironmentFailed("an older version started the sandbox; `drills sandbox up` adds what is new")
