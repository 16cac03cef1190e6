"""The caches of a declared system: opened by their services' names, and their settings brought back after a drill."""

from __future__ import annotations

from collections.abc import Mapping

from drills.sandbox.adapters.registry import adapter_of
from drills.sandbox.capabilities.cache import Cache
from drills.sandbox.compose.containers import Containers
from drills.sandbox.declared.databases import opened, running, url_where_it_runs
from drills.sandbox.declared.declaration import Act, DeclaredService, adapters_for, of_adapters


class DeclaredCaches:
    """See `drills.sandbox.capabilities.cache.Caches`."""

    def __init__(self, declared: Mapping[str, DeclaredService], containers: Containers) -> None:
        self._declared = declared
        self._containers = containers

    def of(self, service: str | None = None) -> Cache:
        name = of_adapters(self._declared, adapters_for(Act.FILL, self._declared), service)
        url = url_where_it_runs(name, self._declared, self._containers)
        return opened(adapter_of(self._declared[name].adapter).cache, name, url)

    def state(self) -> dict[str, str]:
        """The settings of each that drills may fill and that runs, as `service.setting`."""
        return {
            f"{name}.{setting}": value
            for name in running(self._declared, self._containers, Act.FILL)
            for setting, value in self.of(name).state().items()
        }

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        """Bring back those that run; returns what had to be changed, by service."""
        done = []
        for name in running(self._declared, self._containers, Act.FILL):
            own = {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
            done += [f"{name}: {change}" for change in self.of(name).restore(own)]
        return tuple(done)
