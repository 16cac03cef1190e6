"""What the services of the local sandbox use, and the cores that they are bound to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from drills.errors import BadInput
from drills.included_shop.ground import SERVICES, Ground
from drills.included_shop.local import limits
from drills.included_shop.local.disk import DatabaseDisk
from drills.included_shop.local.replica_usage import ProcessUsage
from drills.included_shop.local.service_control import ServiceControl
from drills.included_shop.local.service_stats import measure
from drills.included_shop.names import Service, service_named
from drills.sandbox import change_history
from drills.sandbox.capabilities.resources import ServiceStats
from drills.sandbox.service_usage import ServiceUsage


class LocalResources:
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
        disk = self._disk.usage() if self._disk.mounted else None
        return measure(self._control, SERVICES, disk)

    def usage(self, service: str) -> ServiceUsage:
        return ServiceUsage(self._ground.store, service, ProcessUsage(service, self._control.layout.log(service)))

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        known = service_named(service)
        if memory_mb is None and cpus is None:
            raise BadInput("resize: say how much memory, or how many cpus")
        if memory_mb is not None and known is not Service.APP:
            raise BadInput(f"memory: the local driver can limit the app's only, not that of the {known}")
        cores = None if cpus is None else limits.checked(cpus)
        with self._ground.lock.held():
            self._ground.active()
            if memory_mb is not None:
                self._set_settings({"memory_limit_mb": str(memory_mb)})
            if cores is not None:
                self._bind(known, cores)

    def lift_cpus(self, service: str) -> None:
        with self._ground.lock.held():
            self._ground.active()
            self._bind(service_named(service), len(limits.cores()))

    def _bind(self, service: Service, cores: int) -> None:
        store = self._ground.store
        before = store.read().cpus
        bound = {name: count for name, count in before.items() if name != service}
        if cores < len(limits.cores()):
            bound[service] = cores
        if bound == before:
            return
        store.change(cpus=bound)
        self._control.bind(service)
        change_history.note(store, f"{service} limited to {cores} core{'' if cores == 1 else 's'} for a replica")
