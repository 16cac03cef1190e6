"""The databases of a declared system: opened by their services' names, and brought back after a drill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.adapters.registry import adapter_of
from drills.sandbox.capabilities.database import Database
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Containers
from drills.sandbox.declared.addresses import host_port, url_of
from drills.sandbox.declared.declaration import Act, DeclaredService, adapters_for, of_adapters
from drills.sandbox.declared.dumps import ContainerDumps

T = TypeVar("T")


class DeclaredDatabases:
    """See `drills.sandbox.capabilities.database.Databases`.

    Nothing is remembered but the declaration: containers get other addresses when they start again.
    """

    def __init__(self, declared: Mapping[str, DeclaredService], containers: Containers) -> None:
        self._declared = declared
        self._containers = containers

    def of(self, service: str | None = None) -> Database:
        name = of_adapters(self._declared, adapters_for(Act.SQL, self._declared), service)
        url = url_where_it_runs(name, self._declared, self._containers)
        return opened(adapter_of(self._declared[name].adapter).database, name, url)

    def dumps(self, service: str | None = None) -> ContainerDumps:
        database = self.of(service)
        return ContainerDumps(self._containers, database.service, database.url)

    def state(self) -> dict[str, dict[str, dict[str, str]]]:
        """Of each that drills may touch and that runs, by its service. Raises EnvironmentFailed when one is silent."""
        return {name: self.of(name).state() for name in running(self._declared, self._containers, Act.SQL)}

    def restore(self, state: Mapping[str, Mapping[str, Mapping[str, str]]]) -> tuple[str, ...]:
        """Bring back those that run; returns what had to be changed, by service."""
        return tuple(
            f"{name}: {change}"
            for name in running(self._declared, self._containers, Act.SQL)
            if name in state
            for change in self.of(name).restore(state[name])
        )


def opened(opens: Callable[[str, str], T] | None, name: str, url: str) -> T:
    """What the service's adapter opens. Raises BadInput when that is nothing."""
    if opens is None:
        raise BadInput(f"{name} is not a database or cache that can do that")
    return opens(name, url)


def url_where_it_runs(name: str, declared: Mapping[str, DeclaredService], containers: Containers) -> str:
    """Raises EnvironmentFailed while no container of it runs, and for a password that is not there."""
    own = [each for each in containers.list() if each.service == name and each.running is not Running.DOWN]
    reached_at = host_port(declared[name], own) if own else None
    if reached_at is None:
        raise EnvironmentFailed(f"{name} does not run; `drills sandbox start {name}` starts it")
    return url_of(declared[name], reached_at)


def running(declared: Mapping[str, DeclaredService], containers: Containers, act: Act) -> list[str]:
    """The services whose technology that act is about, to which drills may do it, and which run."""
    adapters = adapters_for(act, declared)
    alive = {each.service for each in containers.list() if each.running is Running.UP}
    return [name for name, each in declared.items() if act in each.may and each.adapter in adapters and name in alive]
