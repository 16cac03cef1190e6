"""What the containers of the included system use, and may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from drills.errors import BadInput, DrillsError, EnvironmentFailed
from drills.included_shop.compose.disk import DatabaseDisk
from drills.included_shop.compose.service_control import ServiceControl
from drills.included_shop.ground import SERVICES, Ground
from drills.included_shop.names import Service, service_named
from drills.sandbox import change_history
from drills.sandbox.capabilities.resources import ServiceStats, require_limits
from drills.sandbox.compose.replica_usage import ContainerUsage
from drills.sandbox.compose.service_stats import measure
from drills.sandbox.service_usage import ServiceUsage


class ComposeResources:
    """See `drills.sandbox.capabilities.resources.Resources`. `set_settings` changes the app's memory limit."""

    def __init__(
        self,
        ground: Ground,
        control: ServiceControl,
        disk: DatabaseDisk,
        set_settings: Callable[[Mapping[str, str]], None],
    ) -> None:
        self._ground = ground
        self._control = control
        self._disk = disk
        self._set_settings = set_settings

    def stats(self) -> Sequence[ServiceStats]:
        self._ground.active()
        try:
            usage = self._disk.usage()
            disks = {Service.DATABASE.value: (usage.used, usage.total)}
        except DrillsError:
            disks = {}
        return measure(self._control.containers, SERVICES, disks)

    def usage(self, service: str) -> ServiceUsage:
        return ServiceUsage(self._ground.store, service, ContainerUsage(service))

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        known = service_named(service)
        require_limits(memory_mb, cpus)
        if memory_mb is not None and memory_mb < 6:
            raise BadInput(f"memory: at least 6 MB, not {memory_mb}")
        with self._ground.lock.held():
            self._ground.active()
            if memory_mb is not None and known is Service.APP:
                self._set_settings({"memory_limit_mb": str(memory_mb)})
                memory_mb = None
            if memory_mb is None and cpus is None:
                return
            try:
                memory = None if memory_mb is None else memory_mb * 2**20
                self._control.limit(known, memory_bytes=memory, cpus=cpus)
            except EnvironmentFailed as error:
                raise BadInput(f"{known}: {error}") from error
            limits = [f"{memory_mb} MB of memory"] if memory_mb is not None else []
            limits += [f"{cpus:g} cores"] if cpus is not None else []
            change_history.note(self._ground.store, f"{known} limited to {' and '.join(limits)} for a replica")

    def lift_cpus(self, service: str) -> None:
        with self._ground.lock.held():
            self._ground.active()
            self._control.limit(service_named(service), memory_bytes=None, cpus=0)
