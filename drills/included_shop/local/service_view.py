"""How the services of the local sandbox stand, and what they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from drills.included_shop.ground import SERVICES
from drills.included_shop.local.service_control import ServiceControl
from drills.included_shop.names import Named, Service, part_of
from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.log_lines import read_log

#: Where each service is reached, by the name of its address.
_ADDRESSES: Mapping[Service, str] = {Service.EDGE: "edge-address"}


class ServiceView:
    """See `drills.included_shop.ground.ServiceView`."""

    def __init__(self, control: ServiceControl) -> None:
        self._control = control

    def statuses(self, addresses: Mapping[str, str]) -> Sequence[ServiceStatus]:
        control, state = self._control, self._control.store.read()
        found = []
        for service in SERVICES:
            running = control.running(service) if state.active else Running.DOWN
            pids = tuple(process.pid for process in control.processes(service)) if state.active else ()
            replicas = len(control.records(service))
            frozen = control.frozen(service)
            well = replicas - len(frozen)
            wanted = state.replicas if service is Service.APP else 1
            found.append(
                ServiceStatus(
                    name=service,
                    running=running,
                    version=state.release if service is Service.APP else "",
                    address=addresses.get(_ADDRESSES.get(service, service), ""),
                    pids=pids,
                    replicas=replicas,
                    detail=part_of(service, well, wanted, frozen) if running is Running.UP and well != wanted else "",
                )
            )
        return found

    def logs(self, known: Named, *, after: datetime | None, grep: str | None) -> Sequence[str]:
        lines = read_log(self._control.layout.log(known.service), after=after, grep=grep)
        if known.replica is None:
            return lines
        records = self._control.records(Service.APP)[known.replica - 1 : known.replica]
        return [line for line in lines for each in records if f'"replica":"{each.pid}"' in line]
