"""How the services of a compose project are reached from this machine, by what each is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drills.sandbox.adapters.registry import ADAPTERS, adapter_of
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Container
from drills.sandbox.declared.declaration import DeclaredService
from drills.sandbox.ports import HOST


def port_of(service: DeclaredService) -> int | None:
    """Inside its container; None when nothing says it."""
    return service.port if service.port is not None or service.adapter is None else ADAPTERS[service.adapter].port


def host_port(service: DeclaredService, containers: Sequence[Container]) -> str | None:
    """`host:port` on this machine: the published one, else the container's own on its network; None when neither."""
    port = port_of(service)
    if port is None:
        return None
    ordered = sorted(containers, key=lambda each: each.running is Running.DOWN)
    for container in ordered:
        if port in container.ports:
            return f"{container.hosts.get(port, HOST)}:{container.ports[port]}"
    return next((f"{container.address}:{port}" for container in ordered if container.address), None)


def lasting_host_port(
    service: DeclaredService, containers: Sequence[Container], inspect: Callable[[Container], Mapping[str, Any]]
) -> str | None:
    """The same, for whoever keeps it while containers are restarted and recreated.

    A port that the engine chose itself (`"127.0.0.1::8000"`) is another one after each start; the container's own
    address mostly stays, and can be reached where the engine runs on this machine's own kernel.
    """
    port = port_of(service)
    published = [each for each in containers if port in each.ports]
    if published and sys.platform == "linux" and published[0].address:
        bindings = (inspect(published[0]).get("HostConfig") or {}).get("PortBindings") or {}
        chosen = [each.get("HostPort") for each in bindings.get(f"{port}/tcp") or ()]
        if not any(each and each != "0" for each in chosen):
            return f"{published[0].address}:{port}"
    return host_port(service, containers)


def url_of(service: DeclaredService, reached_at: str) -> str:
    """What `${NAME}` stands for: a URL for a technology that has one, else host:port.

    Raises EnvironmentFailed when its password is to come from a variable that is not set.
    """
    return adapter_of(service.adapter).url(service, reached_at)
