"""Gives a service less memory, or CPU time, than it needs: it is killed by the OOM killer, or slow.

The kernel accepts no memory limit below what is in use. So the limit must be above that, and the service is killed
once it needs more; or, with `restart`, the service starts within the new limit, and is killed as soon as it needs more.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import WholeServiceName
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.resources import ServiceStats
from drills.sandbox.sandbox import Sandbox

_MEGABYTE = 2**20
#: Docker's lowest memory limit.
_LEAST_MEGABYTES = 6


class ResizeService(Fault):
    """`{kind: resize-service, service: web, memory: 64m}`, or `cpus: 0.1`, or both; for each of its replicas."""

    kind: ClassVar[str] = "resize-service"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES, Capability.RESOURCES})
    trial = {"cpus": 1}

    service: WholeServiceName
    memory: Annotated[str | None, Field(pattern=r"^[1-9][0-9]{0,6}[mg]$", description="Such as 64m or 1g.")] = None
    cpus: Annotated[float | None, Field(ge=0.01, le=64, description="Cores for each replica.")] = None
    restart: bool = Field(False, description="Restart with the new limit, which may be below the use.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.memory is None and self.cpus is None:
            raise ValueError("changes nothing; write memory, cpus, or both")
        if self.megabytes is not None and self.megabytes < _LEAST_MEGABYTES:
            raise ValueError(f"memory is below what a container needs; write {_LEAST_MEGABYTES}m or more")
        return self

    @property
    def megabytes(self) -> int | None:
        """The memory limit."""
        if self.memory is None:
            return None
        return int(self.memory[:-1]) * (1024 if self.memory.endswith("g") else 1)

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        resized = (self.service, "resize")
        return (resized, (self.service, "restart")) if self.restart else (resized,)

    def summary(self) -> str:
        return f"limit {self.service} to {self._limits()}"

    def check(self, sandbox: Sandbox) -> None:
        stats = _stats(sandbox, self.service)
        if not stats.replicas:
            raise FaultImpossible(f"{self.service} does not run")
        if self._holds(stats):
            raise FaultImpossible(f"{self.service} has these limits already")
        used = -(-stats.memory_bytes // stats.replicas // _MEGABYTE)
        if self.megabytes is not None and not self.restart and self.megabytes <= used:
            raise FaultImpossible(
                f"{self.service} uses {used} MB now, and the kernel accepts no limit below that; "
                "write a larger memory, or restart: true"
            )

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        stats = _stats(sandbox, self.service)
        return {
            "service": self.service,
            "memory": None if self.megabytes is None else _megabytes_of(stats),
            "cpus": None if self.cpus is None else _cpus_of(stats),
            "restart": self.restart,
        }

    def apply(self, sandbox: Sandbox) -> None:
        if not self.restart:
            sandbox.resources.resize(self.service, memory_mb=self.megabytes, cpus=self.cpus)
            return
        sandbox.services.stop(self.service)
        sandbox.resources.resize(self.service, memory_mb=self.megabytes, cpus=self.cpus)
        with suppress(EnvironmentFailed):  # It may be unable to start within these limits.
            sandbox.services.start(self.service)

    def verify(self, sandbox: Sandbox) -> str:
        stats = _stats(sandbox, self.service)
        if stats.replicas and not self._holds(stats):
            raise FaultImpossible(f"{self.service} is not limited to {self._limits()}")
        killed = ", and was killed by the OOM killer" if stats.oom_kills else ""
        return f"{self.service} is limited to {self._limits()}{killed}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        service, memory, cpus = str(plan["service"]), plan["memory"], plan["cpus"]
        assert memory is None or isinstance(memory, int)
        assert cpus is None or isinstance(cpus, int | float)
        if memory is not None or cpus:
            sandbox.resources.resize(service, memory_mb=memory, cpus=cpus or None)
        if cpus == 0:
            sandbox.resources.lift_cpus(service)
        sandbox.services.start(service)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        stats = _stats(sandbox, str(plan["service"]))
        if not stats.replicas:
            raise EnvironmentFailed(f"{plan['service']} does not run")
        memory, cpus = _megabytes_of(stats), _cpus_of(stats)
        if plan["memory"] not in (None, memory) or plan["cpus"] not in (None, cpus):
            raise EnvironmentFailed(f"{plan['service']} has {memory} MB and {cpus:g} cores, not its former limits")

    def _holds(self, stats: ServiceStats) -> bool:
        return self.megabytes in (None, _megabytes_of(stats)) and self.cpus in (None, _cpus_of(stats))

    def _limits(self) -> str:
        memory = [] if self.megabytes is None else [f"{self.megabytes} MB"]
        return " and ".join(memory + ([] if self.cpus is None else [f"{self.cpus:g} cores"]))


def _megabytes_of(stats: ServiceStats) -> int:
    """For each replica; 0 means no limit."""
    return (stats.memory_limit or 0) // max(1, stats.replicas) // _MEGABYTE


def _cpus_of(stats: ServiceStats) -> float:
    return round((stats.cpu_limit or 0) / max(1, stats.replicas), 3)


def _stats(sandbox: Sandbox, service: str) -> ServiceStats:
    for stats in sandbox.resources.stats():
        if stats.name == service:
            return stats
    raise EnvironmentFailed(f"there is no service {service}")
