"""What the containers of a declared system use, and may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drills.sandbox.capabilities.resources import ServiceStats, require_limits
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.compose.containers import Containers, at_once
from drills.sandbox.compose.replica_usage import ContainerUsage
from drills.sandbox.compose.service_stats import Limits, measure
from drills.sandbox.declared.services import DeclaredServices, name_of
from drills.sandbox.fingerprint import differences
from drills.sandbox.service_usage import ServiceUsage
from drills.sandbox.state import StateStore


class DeclaredResources:
    """See `drills.sandbox.capabilities.resources.Resources`."""

    def __init__(self, containers: Containers, services: DeclaredServices, store: StateStore, lock: ChangeLock) -> None:
        self._containers = containers
        self._services = services
        self._store = store
        self._lock = lock

    def stats(self) -> Sequence[ServiceStats]:
        return measure(self._containers, [status.name for status in self._services.list()], {})

    def usage(self, service: str) -> ServiceUsage:
        return ServiceUsage(self._store, service, ContainerUsage(service))

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        require_limits(memory_mb, cpus)
        self._limit(service, None if memory_mb is None else memory_mb * 2**20, cpus)

    def lift_cpus(self, service: str) -> None:
        self._limit(service, None, 0)

    def _limit(self, service: str, memory_bytes: int | None, cpus: float | None) -> None:
        with self._lock.held():
            for each in self._services.containers_of(service):
                self._containers.limit(each, memory_bytes=memory_bytes, cpus=cpus)

    # --- the state before and after a drill

    def state(self) -> Mapping[str, str]:
        """The limits of each container, 0 for none: `web/1.memory` in bytes, `web/1.cpus` in cores."""
        listed = self._containers.list()
        limits = at_once(lambda each: Limits.of(self._containers.inspect(each), self._containers.most), listed)
        found: dict[str, str] = {}
        for each, limit in zip(listed, limits, strict=True):
            found[f"{name_of(each)}.memory"] = str(limit.memory_bytes or 0)
            found[f"{name_of(each)}.cpus"] = f"{limit.cpus or 0:g}"
        return found

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        """Give each container the limits that it had; returns what had to be changed."""
        before = self.state()
        wanted = {name: limit for name, limit in state.items() if name in before}
        done = differences("resources", {name: before[name] for name in wanted}, wanted)
        with self._lock.held():
            for each in self._containers.list() if done else ():
                memory, cpus = f"{name_of(each)}.memory", f"{name_of(each)}.cpus"
                if wanted.get(memory) not in (None, before.get(memory)):
                    self._containers.limit(each, memory_bytes=int(wanted[memory]), cpus=None)
                if wanted.get(cpus) not in (None, before.get(cpus)):
                    self._containers.limit(each, memory_bytes=None, cpus=float(wanted[cpus]))
        return done
