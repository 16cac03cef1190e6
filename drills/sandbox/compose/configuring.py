"""The compose sandbox's releases, replicas, settings, certificate and limits, and what was changed when."""

from __future__ import annotations

from collections.abc import Sequence

from drills.errors import BadInput, DrillsError, EnvironmentFailed
from drills.sandbox import change_history
from drills.sandbox.capabilities.resources import ServiceStats
from drills.sandbox.compose.bringing_up import BringsUp
from drills.sandbox.compose.service_stats import measure
from drills.sandbox.driver import BACKING
from drills.sandbox.names import service_named
from drills.sandbox.shop.names import Service


class Configures(BringsUp):
    def _refresh(self) -> None:
        self._control.refresh(BACKING)

    def stats(self) -> Sequence[ServiceStats]:
        self._active()
        try:
            usage = self._disk.usage()
            disk = (usage.used, usage.total)
        except DrillsError:
            disk = None
        return measure(self._containers, (Service.APP, *BACKING), disk)

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        known = service_named(service)
        if memory_mb is None and cpus is None:
            raise BadInput("resize: say how much memory, or how many cpus")
        if memory_mb is not None and memory_mb < 6:
            raise BadInput(f"memory: at least 6 MB, not {memory_mb}")
        if cpus is not None and not 0.01 <= cpus <= 512:
            raise BadInput(f"cpus: a number of cores such as 0.5 or 2, not {cpus:g}")
        with self._lock.held():
            self._active()
            if memory_mb is not None and known is Service.APP:
                self.set({"memory_limit_mb": str(memory_mb)})
                memory_mb = None
            if memory_mb is None and cpus is None:
                return
            try:
                memory = None if memory_mb is None else memory_mb * 2**20
                self._control.limit(known, memory_bytes=memory, cpus=cpus)
            except EnvironmentFailed as error:
                raise BadInput(f"{known}: {error}") from error
            told = [f"{memory_mb} MB of memory"] if memory_mb is not None else []
            told += [f"{cpus:g} cores"] if cpus is not None else []
            change_history.note(self._store, f"{known} limited to {' and '.join(told)} for a replica")
