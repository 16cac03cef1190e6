"""How the services of a compose project are reached from this machine, by what each is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from drills.errors import EnvironmentFailed
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Container
from drills.sandbox.declared.declaration import Adapter, DeclaredService
from drills.sandbox.ports import HOST

#: Where each technology listens, unless it is said.
USUAL_PORTS = {Adapter.HTTP: 80, Adapter.POSTGRES: 5432, Adapter.MYSQL: 3306, Adapter.REDIS: 6379}
#: Who administers a server, and the database that each has.
_USUAL_LOGINS = {Adapter.POSTGRES: ("postgresql", "postgres", "postgres"), Adapter.MYSQL: ("mysql", "root", "mysql")}


def port_of(service: DeclaredService) -> int | None:
    """Inside its container; None when nothing says it."""
    return service.port if service.port is not None or service.adapter is None else USUAL_PORTS[service.adapter]


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
    """The same, for whoever keeps it while containers are restarted and made anew.

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
    if service.adapter is Adapter.HTTP:
        return f"http://{reached_at}"
    if service.adapter is Adapter.REDIS:
        return f"redis://{_userinfo('', service)}{reached_at}/0"
    if service.adapter in _USUAL_LOGINS:
        scheme, user, database = _USUAL_LOGINS[service.adapter]
        login = _userinfo(quote(service.user or user, safe=""), service)
        return f"{scheme}://{login}{reached_at}/{quote(service.database or database, safe='')}"
    return reached_at


def _userinfo(user: str, service: DeclaredService, environment: Mapping[str, str] = os.environ) -> str:
    if service.password_from is None:
        return f"{user}@" if user else ""
    variable = service.password_from.removeprefix("env:")
    if variable not in environment:
        raise EnvironmentFailed(f"the variable {variable} is not set; drills.yaml takes a service's password from it")
    return f"{user}:{quote(environment[variable], safe='')}@"
