"""What a service's containers use, by the engine's own statistics."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from drills.errors import EnvironmentFailed
from drills.sandbox.compose import engine, project
from drills.sandbox.compose.containers import Container, Containers, at_once
from drills.sandbox.compose.service_stats import Limits, Usage
from drills.sandbox.service_usage import Found, Replica
from drills.sandbox.state import SandboxState


class ContainerUsage:
    """See `drills.sandbox.service_usage.ReplicaUsage`.

    Asks over the engine's socket: a list by label, then for each container what it is and what it uses.
    """

    def __init__(self, service: str) -> None:
        self._service = service

    def find(self, state: SandboxState, timeout: float) -> Found:
        own = _project(state)
        replicas: list[Replica] = []
        ends: set[Hashable] = set()
        for inspected, used in at_once(lambda each: _check(own, each.id, timeout), self._listed(own)):
            limits, about = Limits.of(inspected), inspected["State"]
            if limits.out_of_memory:
                ends.add((inspected["Id"], about["FinishedAt"]))
            if used is not None:
                replicas.append(
                    Replica(
                        key=(inspected["Id"], about["StartedAt"]),
                        memory_bytes=used.memory_bytes,
                        memory_limit=limits.memory_bytes,
                        cpu_seconds=used.cpu_seconds,
                        cpu_limit=limits.cpus,
                    )
                )
        return Found(tuple(replicas), frozenset(ends))

    def disk(self, state: SandboxState) -> tuple[int, int] | None:
        """Asked in the container that holds it: also while the service is down."""
        mount = state.disks.get(self._service)
        if mount is None:
            return None
        containers = Containers(_project(state))
        holders = (each for each in containers.list() if each.service == mount.holder)
        holder = next((each for each in holders if each.state == "running"), None)
        if holder is None:
            return None
        said = containers.run_in(holder, ("df", "-B1", "--output=size,used", mount.path))
        figures = re.search(r"(\d+)\s+(\d+)\s*$", said)
        return None if figures is None else (int(figures[2]), int(figures[1]))

    def _listed(self, own: project.Project) -> list[Container]:
        return [each for each in Containers(own).list() if each.service == self._service]


def _check(own: project.Project, container: str, timeout: float) -> tuple[dict[str, Any], Usage | None]:
    """What it is, and what it uses if it runs. An engine asked twice within a second answers after that second."""
    inspected = engine.ask(own.host, f"/containers/{container}/json", timeout=timeout)
    if not inspected["State"].get("Running"):
        return inspected, None
    statistics = f"/containers/{container}/stats?stream=false&one-shot=true"
    return inspected, Usage.of(engine.ask(own.host, statistics, timeout=timeout))


def _project(state: SandboxState) -> project.Project:
    known = state.compose
    if known is None:
        raise EnvironmentFailed("the sandbox's state does not say which containers are its own")
    folder = Path(known.folder)
    return project.Project(name=known.name, folder=folder, file=folder / "docker-compose.yml", host=known.host)
