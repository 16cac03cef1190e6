"""The services of a sandbox, as an operator meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol


class Running(StrEnum):
    """How a service stands; `finished` is a job that has ended with success and that nothing starts again."""

    UP = "up"
    PAUSED = "paused"
    DOWN = "down"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """`pids` are the processes (or none for containers); `detail` is for people."""

    name: str
    running: Running
    version: str
    address: str
    pids: tuple[int, ...] = ()
    replicas: int = 1
    detail: str = ""


class Services(Protocol):
    """A single replica is named `SERVICE/NUMBER`, such as `web/2`, wherever a service is named.

    Every change is idempotent. Raises BadInput for an unknown service, EnvironmentFailed when it could not be made.
    """

    def list(self) -> Sequence[ServiceStatus]:
        """All of them; `detail` says `1 of 2 run` when a part of one is missing, frozen or to come.

        Frozen ones are named: `1 of 2 run, web/1 is frozen`.
        """
        ...

    def start(self, service: str) -> None: ...

    def stop(self, service: str) -> None:
        """Orderly, as an operator would."""
        ...

    def kill(self, service: str) -> None:
        """At once, as a crash would."""
        ...

    def pause(self, service: str) -> None:
        """Freeze: it holds its connections and answers nothing."""
        ...

    def resume(self, service: str) -> None: ...

    def restart(self, service: str | None = None) -> None:
        """Restart one service, or all of them in the order of their dependencies; wait until they answer."""
        ...

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        """What it wrote, the oldest line first."""
        ...
