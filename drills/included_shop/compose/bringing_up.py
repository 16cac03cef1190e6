"""Bringing a compose sandbox up and taking it down; and taking one over that was brought up by hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime

from drills.errors import BadInput, EnvironmentFailed
from drills.included_shop.compose.app_replicas import AppReplicas
from drills.included_shop.compose.disk import DATA_PATH
from drills.included_shop.compose.edge_certificate import EdgeCertificate
from drills.included_shop.compose.layout import VOLUMES, Layout, shop_digest
from drills.included_shop.compose.ports import DIRECT, DISK, PORTS, port_variable
from drills.included_shop.compose.service_control import ServiceControl
from drills.included_shop.ground import BACKING, MEASURED, Ground
from drills.included_shop.names import Service
from drills.included_shop.provider_console import settings_of
from drills.sandbox.capabilities.services import Running
from drills.sandbox.change_history import first_changes
from drills.sandbox.compose.cli import PortTaken, ServiceFailed
from drills.sandbox.compose.containers import Container
from drills.sandbox.compose.project import PROJECT, Project
from drills.sandbox.ports import choose_ports
from drills.sandbox.release_line import initial_line
from drills.sandbox.state import ComposeProject, DiskMount, SandboxState, make_folder

PORT_CHOICES = 4
DISKS = {Service.DATABASE.value: DiskMount(path=DATA_PATH, holder=DISK)}
_USUAL = {name: usual for name, (_service, _inside, usual) in PORTS.items()}


class BringingUp:
    """Callers hold the change lock. All raise EnvironmentFailed for what does not come up, BadInput for a mistake."""

    def __init__(
        self,
        ground: Ground,
        project: Project,
        layout: Layout,
        control: ServiceControl,
        app: AppReplicas,
        certificate: EdgeCertificate,
    ) -> None:
        self._store = ground.store
        self._shop = ground.shop
        self._project = project
        self._layout = layout
        self._control = control
        self._containers = control.containers
        self._app = app
        self._certificate = certificate

    def run(self, *, running: bool) -> None:
        """Begin afresh, or start what is missing of one that is `running` or was up when the engine ended."""
        if not running and not (self._store.read().active and self._containers.list()):
            self._begin_afresh()
            self._start_on_free_ports()
        else:
            if not self._store.read().active:
                self.take_over()
            self._start_everything()
        self.note_ports()

    def take_down(self) -> None:
        """Remove its containers, network and volumes, and its own files but the state."""
        self._containers.list()  # Refuses when the name is another folder's.
        self._refuse_foreign_volumes()
        self._control.cli.down(self._control.variables())
        if self._store.read().active:
            self._store.change(active=False)
        for folder in (self._layout.logs, self._layout.certificates, self._layout.backups):
            shutil.rmtree(folder, ignore_errors=True)

    def note_ports(self) -> None:
        """Keep the ports that are published now; and what is measured, which older versions did not keep."""
        self._note_ports(self._containers.list())
        if self._store.read().measured is None:
            self._store.change(measured=MEASURED, disks=DISKS)

    # --- beginning

    def _begin_afresh(self) -> None:
        self._refuse_foreign_volumes()
        if self._containers.list():  # What is left of one that was stopped by hand, or of a restart of the machine.
            self._control.cli.down(self._control.variables())
        shutil.rmtree(self._layout.backups, ignore_errors=True)
        shutil.rmtree(self._layout.logs, ignore_errors=True)
        self._begin_state(
            ports=self._choose_ports(_USUAL | self._store.read().ports),
            replicas=SandboxState.model_fields["replicas"].default,
            settings=self._shop.defaults,
            release=self._shop.initial_release,
        )
        variables = self._control.variables()
        made_of = self._containers.image_labels(f"drills-shop:{self._project.name}")
        if made_of is None or made_of.get("drills.shop") != shop_digest(self._layout.shop_root):
            self._control.cli.build(variables, [Service.APP])

    def _start_on_free_ports(self) -> None:
        """Of two sandboxes that come up at once each may take what the other needs: both choose quite other ports."""
        for _ in range(PORT_CHOICES - 1):
            try:
                return self._start_everything()
            except PortTaken as error:
                self._control.cli.down(self._control.variables())
                if error.port in _insisted_on().values():
                    raise
                self._store.change(ports=self._choose_ports({}))
        return self._start_everything()

    def take_over(self) -> None:
        """The state of a sandbox that somebody brought up with `docker compose up`."""
        make_folder(self._layout.root)
        listed = self._containers.list()
        replicas = [container for container in listed if container.service == Service.APP]
        given: dict[str, str] = {}
        for service in (Service.APP, Service.EXTERNAL_API, Service.DNS):
            of_service = [container for container in listed if container.service == service]
            given |= self._control.environment(of_service[0]) if of_service else {}
        ports = _ports_of(listed)
        if Service.EXTERNAL_API in ports:  # It may have been given others since it was created.
            given |= settings_of(ports[Service.EXTERNAL_API]) or {}
        settings = {each.name: given.get(each.variable, each.default) for each in self._shop.settings}
        release = replicas[0].labels.get("drills.release", "") if replicas else ""
        self._begin_state(
            ports=ports,
            replicas=len(replicas),
            settings=settings,
            release=release if release in self._shop.versions else self._shop.initial_release,
        )
        missing = PORTS.keys() - self._store.read().ports.keys()
        if missing:
            self._store.change(ports=self._choose_ports(_USUAL) | self._store.read().ports)
        self._certificate.keep_copies()

    def _begin_state(self, *, ports: dict[str, int], replicas: int, settings: dict[str, str], release: str) -> None:
        line = initial_line(self._shop.first_versions, datetime.now(UTC))
        if release != line[-1].version:
            line = (*line, line[-1].model_copy(update={"version": release}))
        self._store.change(
            active=True,
            up_since=datetime.now(UTC),
            ports=ports,
            replicas=replicas,
            settings=settings,
            deployed=line,
            deployed_at={deployment.version: deployment.at for deployment in line},
            changes=first_changes(line),
            changes_noted=len(line),
            limits={},
            compose=ComposeProject(name=self._project.name, folder=str(self._project.folder), host=self._project.host),
        )

    def _choose_ports(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """For every name the port that the environment insists on, or the wanted one if it is free, or another."""
        insisted = _insisted_on()
        others = [name for name in PORTS if name not in insisted]
        return choose_ports(others, wanted, self._layout.state, taken=insisted.values()) | insisted

    # --- starting

    def _start_everything(self) -> None:
        for service in Service:
            self._control.resume(service)
        listed = self._containers.list()
        self._note_ports(listed)
        state = self._store.read()
        here = {container.service for container in listed if container.running is Running.UP}
        if not {*BACKING, DIRECT} <= here or not any(each.service == "seed" for each in listed):
            try:
                self._control.cli.up((), self._control.variables(), options=["--no-recreate", *self._scaled(state)])
            except ServiceFailed as error:
                raise EnvironmentFailed(self._explained(error)) from error
            self._note_ports(self._containers.list())
        for service in BACKING:
            self._control.await_answer(service)
        self._app.adjust()

    def _scaled(self, state: SandboxState) -> list[str]:
        return ["--scale", f"app={state.replicas}"]

    def _explained(self, error: ServiceFailed) -> str:
        """Which service failed, and its last words."""
        for container in self._containers.list():
            if container.name == error.container.strip('"'):
                said = [line.strip() for line in self._containers.logs(container, tail=5).splitlines() if line.strip()]
                return f"{container.service} did not come up ({error}): {said[-1] if said else 'it printed nothing'}"
        return str(error)

    def _note_ports(self, listed: tuple[Container, ...]) -> None:
        found = _ports_of(listed)
        ports = self._store.read().ports
        if ports | found != ports:
            self._store.change(ports=ports | found)

    def _refuse_foreign_volumes(self) -> None:
        """Compose knows volumes by their names alone: one that no sandbox of this name made is not ours to remove."""
        for volume in self._containers.volumes(VOLUMES):
            labels = volume.get("Labels") or {}
            if labels.get(PROJECT) != self._project.name or "drills.sandbox" not in labels:
                raise BadInput(
                    f"the volume {volume['Name']} belongs to somebody else, for no sandbox made it; nothing was "
                    f"touched: give this sandbox another name than {self._project.name!r} in drills.yaml, "
                    "sandbox: {project: …}"
                )


def _ports_of(containers: tuple[Container, ...]) -> dict[str, int]:
    """The ports on this machine, of those services that are published now."""
    return {
        name: container.ports[inside]
        for name, (service, inside, _usual) in PORTS.items()
        for container in containers
        if container.service == service and inside in container.ports
    }


def _insisted_on() -> dict[str, int]:
    """The ports that the environment names. Raises BadInput."""
    given = {name: os.environ.get(port_variable(name), "") for name in PORTS}
    for name, port in given.items():
        if port and not port.isdigit():
            raise BadInput(f"{port_variable(name)}: a port's number, not {port!r}")
    return {name: int(port) for name, port in given.items() if port}
