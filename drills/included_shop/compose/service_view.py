"""How the services of a sandbox of containers stand, and what they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from drills.included_shop.compose.app_replicas import AppReplicas
from drills.included_shop.compose.service_control import ServiceControl
from drills.included_shop.ground import SERVICES
from drills.included_shop.names import Named, Service, part_of
from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.compose.containers import at_once, standing
from drills.sandbox.log_lines import chosen, in_order, read_log


class ServiceView:
    """See `drills.included_shop.ground.ServiceView`."""

    def __init__(self, control: ServiceControl, app: AppReplicas) -> None:
        self._control = control
        self._app = app

    def statuses(self, addresses: Mapping[str, str]) -> Sequence[ServiceStatus]:
        """From one question to the engine."""
        state = self._control.store.read()
        listed = self._control.containers.list() if state.active else ()
        found = []
        for service in SERVICES:
            own = [container for container in listed if container.service == service]
            alive = [container for container in own if container.running is not Running.DOWN]
            well = sum(container.running is Running.UP for container in alive)
            frozen = [turn for turn, container in enumerate(own, 1) if container.running is Running.PAUSED]
            wanted = state.replicas if service is Service.APP else 1
            running = standing(own)
            found.append(
                ServiceStatus(
                    name=service,
                    running=running,
                    version=state.release if service is Service.APP else "",
                    address=addresses.get("edge-address" if service is Service.EDGE else service, ""),
                    replicas=len(alive),
                    detail=part_of(service, well, wanted, frozen) if running is Running.UP and well != wanted else "",
                )
            )
        return found

    def logs(self, known: Named, *, after: datetime | None, grep: str | None) -> Sequence[str]:
        whole_app = known == Named(Service.APP)
        kept = read_log(self._control.layout.logs / "app.log", after=after, grep=None) if whole_app else ()
        own = self._control.of(known.service) if known.replica is None else self._app.numbered(known.replica)
        written = at_once(lambda each: self._control.containers.logs(each, since=after), own)
        lines = [*kept, *(line for text in written for line in text.splitlines())]
        return chosen(in_order(lines) if whole_app else lines, after=after, grep=grep)
