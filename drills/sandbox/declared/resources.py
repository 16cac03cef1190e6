"""What the containers of a declared system use, and may use."""

from __future__ import annotations

from collections.abc import Sequence

from drills.sandbox.capabilities.resources import ServiceStats
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.compose.containers import Containers
from drills.sandbox.compose.service_stats import measure
from drills.sandbox.declared.services import DeclaredServices


class DeclaredResources:
    """See `drills.sandbox.capabilities.resources.Resources`."""

    def __init__(self, containers: Containers, services: DeclaredServices, lock: ChangeLock) -> None:
        self._containers = containers
        self._services = services
        self._lock = lock

    def stats(self) -> Sequence[ServiceStats]:
        return measure(self._containers, [status.name for status in self._services.list()], None)

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        with self._lock.held():
            memory = None if memory_mb is None else memory_mb * 2**20
            for each in self._services.containers_of(service):
                self._containers.limit(each, memory_bytes=memory, cpus=cpus)
