"""The databases of a declared system: opened by their services' names, and brought back after a drill."""

from __future__ import annotations

from collections.abc import Mapping

from drills.errors import EnvironmentFailed
from drills.sandbox.capabilities.database import Database
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Containers
from drills.sandbox.declared.addresses import host_port, url_of
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredService, of_adapters

ADAPTERS = (Adapter.POSTGRES, Adapter.MYSQL)


class DeclaredDatabases:
    """See `drills.sandbox.capabilities.database.Databases`.

    Nothing is remembered but the declaration: containers get other addresses when they start again.
    """

    def __init__(self, declared: Mapping[str, DeclaredService], containers: Containers) -> None:
        self._declared = declared
        self._containers = containers

    def of(self, service: str | None = None) -> Database:
        name = of_adapters(self._declared, ADAPTERS, service)
        url = url_where_it_runs(name, self._declared, self._containers)
        if self._declared[name].adapter is Adapter.MYSQL:
            from drills.sandbox.adapters.mysql.database import Mysql

            return Mysql(name, url)
        from drills.sandbox.adapters.postgres.database import Postgres

        return Postgres(name, url)

    def state(self) -> dict[str, dict[str, dict[str, str]]]:
        """Of each that drills may touch and that runs, by its service. Raises EnvironmentFailed when one is silent."""
        return {name: self.of(name).state() for name in running(self._declared, self._containers, Act.SQL, ADAPTERS)}

    def restore(self, state: Mapping[str, Mapping[str, Mapping[str, str]]]) -> tuple[str, ...]:
        """Bring back those that run; returns what had to be changed, by service."""
        return tuple(
            f"{name}: {change}"
            for name in running(self._declared, self._containers, Act.SQL, ADAPTERS)
            if name in state
            for change in self.of(name).restore(state[name])
        )


def url_where_it_runs(name: str, declared: Mapping[str, DeclaredService], containers: Containers) -> str:
    """Raises EnvironmentFailed while no container of it runs, and for a password that is not there."""
    own = [each for each in containers.list() if each.service == name and each.running is not Running.DOWN]
    reached_at = host_port(declared[name], own) if own else None
    if reached_at is None:
        raise EnvironmentFailed(f"{name} does not run; `drills sandbox start {name}` starts it")
    return url_of(declared[name], reached_at)


def running(
    declared: Mapping[str, DeclaredService], containers: Containers, act: Act, adapters: tuple[Adapter, ...]
) -> list[str]:
    """The services with one of the adapters to which drills may do that, and which run."""
    alive = {each.service for each in containers.list() if each.running is Running.UP}
    return [name for name, each in declared.items() if act in each.may and each.adapter in adapters and name in alive]
