"""The local sandbox's settings, certificate and limits, and what was changed when."""

from __future__ import annotations

from collections.abc import Sequence

from drills.errors import BadInput
from drills.sandbox import change_history
from drills.sandbox.capabilities.resources import ServiceStats
from drills.sandbox.driver import BACKING
from drills.sandbox.local import limits
from drills.sandbox.local.operating import OperatesServices
from drills.sandbox.local.service_stats import measure
from drills.sandbox.names import service_named
from drills.sandbox.provider_console import took_settings
from drills.sandbox.shop.names import Service


class Configures(OperatesServices):
    def _refresh(self) -> None:
        for service in self._control.outdated(BACKING):
            if not took_settings(self._control, self._store, service):
                self.restart(service)

    def stats(self) -> Sequence[ServiceStats]:
        self._active()
        disk = self._disk.usage() if self._disk.mounted else None
        return measure(self._control, (Service.APP, *BACKING), disk)

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        known = service_named(service)
        if memory_mb is None and cpus is None:
            raise BadInput("resize: say how much memory, or how many cpus")
        if memory_mb is not None and known is not Service.APP:
            raise BadInput(f"memory: the local driver can limit the app's only, not that of the {known}")
        cores = None if cpus is None else limits.checked(cpus)
        with self._lock.held():
            self._active()
            if memory_mb is not None:
                self.set({"memory_limit_mb": str(memory_mb)})
            if cores is not None:
                self._bind(known, cores)

    def _bind(self, service: Service, cores: int) -> None:
        before = self._store.read().cpus
        bound = {name: count for name, count in before.items() if name != service}
        if cores < len(limits.cores()):
            bound[service] = cores
        if bound == before:
            return
        self._store.change(cpus=bound)
        self._control.bind(service)
        change_history.note(self._store, f"{service} limited to {cores} core{'' if cores == 1 else 's'} for a replica")
