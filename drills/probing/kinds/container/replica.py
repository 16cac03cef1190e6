"""What one check of a service's replicas finds, whether they are processes or containers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from drills.sandbox.state import SandboxState


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


class Source(Protocol):
    """Where the figures of one service come from. Both calls block, for a bounded time.

    Both raise EnvironmentFailed when whoever knows does not answer.
    """

    def find(self, state: SandboxState) -> Found: ...

    def disk(self, state: SandboxState) -> tuple[int, int] | None:
        """Bytes used, and in all, of the disk under the service; None where it has none of its own."""
