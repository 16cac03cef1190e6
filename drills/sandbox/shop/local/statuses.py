"""How the services of the local sandbox stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.shop.local.service_control import ServiceControl
from drills.sandbox.shop.names import Service, part_of

#: Where each service is reached, by the name of its address.
_ADDRESSES: Mapping[Service, str] = {Service.EDGE: "edge-address"}


def statuses(
    control: ServiceControl, services: Sequence[Service], addresses: Mapping[str, str]
) -> Sequence[ServiceStatus]:
    """One for each service; all are down while there are no addresses."""
    state = control.store.read()
    found = []
    for service in services:
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
