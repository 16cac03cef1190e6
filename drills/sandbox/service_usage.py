"""What a service uses, one reading after another: what `container` probes measure."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from drills.errors import EnvironmentFailed
from drills.sandbox.state import SandboxState, StateStore, load


@dataclass(frozen=True, slots=True)
class Replica:
    """A running one. `key` tells it from any other, also from itself after a restart.

    `cpu_seconds` counts from its start; `cpu_limit` is in cores; a limit that it does not have is None.
    """

    key: Hashable
    memory_bytes: int
    memory_limit: int | None
    cpu_seconds: float
    cpu_limit: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """`out_of_memory` are the ends at a memory limit that can still be seen, each told from the others."""

    replicas: tuple[Replica, ...]
    out_of_memory: frozenset[Hashable] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a service uses now.

    `disk` is bytes used and in all; None where it has no disk of its own, or it was not asked for. `meant`: playbooks'
    thresholds of memory and processor time mean this service. `missing` says in one line why nothing could be looked
    for; empty when it could.
    """

    found: Found
    disk: tuple[int, int] | None = None
    meant: bool = True
    missing: str = ""


class ReplicaUsage(Protocol):
    """Where a driver finds the figures of one service; it may remember what it has seen.

    Both calls block, for a bounded time, and raise EnvironmentFailed when whoever knows does not answer.
    """

    def find(self, state: SandboxState, timeout: float) -> Found:
        """`timeout`, in seconds, bounds each question."""
        ...

    def disk(self, state: SandboxState) -> tuple[int, int] | None:
        """Bytes used, and in all, of the disk under the service; None where it has none of its own."""
        ...


class ServiceUsage:
    """The readings of one service, by what the sandbox says of itself at that moment."""

    def __init__(self, store: StateStore, service: str, replicas: ReplicaUsage) -> None:
        self._store = store
        self._service = service
        self._replicas = replicas

    def read(self, timeout: float, *, disk: bool = True) -> Reading:
        """Its usage now, without that of its disk unless `disk`. Blocks. Raises EnvironmentFailed."""
        try:
            state = load(self._store.path)
        except (EnvironmentFailed, OSError) as error:
            return Reading(Found(()), missing=str(error).split("\n")[0])
        if state is None:
            return Reading(Found(()), missing=f"no replica of {self._service} is running: there is no sandbox")
        return Reading(
            self._replicas.find(state, timeout),
            self._replicas.disk(state) if disk else None,
            meant=state.measured in (None, self._service),
        )
