"""What services use, and may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from drills.errors import BadInput

if TYPE_CHECKING:
    from drills.sandbox.service_usage import ServiceUsage


@dataclass(frozen=True, slots=True)
class ServiceStats:
    """What a service uses, its replicas together; a limit that there is not, and what cannot be told, is None.

    `cpu` counts cores in use over the last moment. `restarts` are those that nobody asked for: a supervisor's.
    """

    name: str
    replicas: int
    memory_bytes: int
    memory_limit: int | None
    cpu: float
    cpu_limit: float | None
    restarts: int
    oom_kills: int
    disk_bytes: int | None
    disk_limit: int | None
    pids: int


class Resources(Protocol):
    def stats(self) -> Sequence[ServiceStats]:
        """What each service uses now; takes a moment, in which processor time is measured."""
        ...

    def usage(self, service: str) -> ServiceUsage:
        """The readings of a service, for whoever watches it; also of one that there is not: it has no replicas."""
        ...

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        """Change the limits of one replica. Raises BadInput, with the reason, for what cannot be limited here."""
        ...

    def lift_cpus(self, service: str) -> None:
        """Let each replica have all cores again, as where nobody ever limited it."""
        ...


def require_limits(memory_mb: int | None, cpus: float | None) -> None:
    """Raises BadInput where there is nothing to limit, and for cores that no container can have."""
    if memory_mb is None and cpus is None:
        raise BadInput("resize: say how much memory, or how many cpus")
    if cpus is not None and not 0.01 <= cpus <= 512:
        raise BadInput(f"cpus: a number of cores such as 0.5 or 2, not {cpus:g}")
