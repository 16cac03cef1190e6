"""What the containers use and may use, from the engine's own statistics."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drills.sandbox.capabilities.resources import ServiceStats
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Container, Containers, Machine, at_once

#: Over how long processor time is measured.
MOMENT_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Usage:
    """One running container at one moment. `cpu_seconds` counts from its start."""

    memory_bytes: int
    cpu_seconds: float
    pids: int

    @classmethod
    def of(cls, inspected: Mapping[str, Any]) -> Usage:
        """From the engine's answer. Memory is counted as `docker stats` does: without what the kernel can drop."""
        memory = inspected.get("memory_stats") or {}
        details = memory.get("stats") or {}
        droppable = details.get("total_inactive_file", details.get("inactive_file", 0))
        return cls(
            memory_bytes=max(0, int(memory.get("usage", 0)) - int(droppable)),
            cpu_seconds=inspected["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
            pids=int((inspected.get("pids_stats") or {}).get("current", 0)),
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What one container may use, None without a limit; and what the engine remembers of its ends."""

    memory_bytes: int | None
    cpus: float | None
    restarts: int
    out_of_memory: bool

    @classmethod
    def of(cls, inspected: Mapping[str, Any], most: Machine | None = None) -> Limits:
        """From the engine's answer; a limit as large as its machine is none."""
        host = inspected["HostConfig"]
        memory, cpus = host.get("Memory") or 0, (host.get("NanoCpus") or 0) / 1e9
        return cls(
            memory_bytes=None if most is not None and memory >= most.memory_bytes else memory or None,
            cpus=None if most is not None and cpus >= most.cores else cpus or None,
            restarts=int(inspected.get("RestartCount", 0)),
            out_of_memory=bool(inspected["State"].get("OOMKilled")),
        )


def measure(
    containers: Containers,
    services: Sequence[str],
    disks: Mapping[str, tuple[int, int]],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> list[ServiceStats]:
    """Takes `MOMENT_SECONDS` and a little more. `disks` are used and total bytes of those services that have one."""
    listed = containers.list()
    limits = dict(
        zip(
            _ids(listed),
            at_once(lambda each: Limits.of(containers.inspect(each), containers.most), listed),
            strict=True,
        )
    )
    alive = [each for each in listed if each.running is not Running.DOWN]
    before, began = _used(containers, alive), time.monotonic()
    sleep(MOMENT_SECONDS)
    after, moment = _used(containers, alive), time.monotonic() - began
    found = []
    for service in services:
        own = [each for each in listed if each.service == service]
        disk = disks.get(service)
        here = [each.id for each in own if each.id in after]
        found.append(
            ServiceStats(
                name=service,
                replicas=len(here),
                memory_bytes=sum(after[each].memory_bytes for each in here),
                memory_limit=_sum(limits[each].memory_bytes for each in here),
                # One that ended in between has used nothing by now.
                cpu=round(sum(max(0.0, after[e].cpu_seconds - before[e].cpu_seconds) for e in here) / moment, 3),
                cpu_limit=_sum(limits[each].cpus for each in here),
                restarts=sum(limits[each.id].restarts for each in own),
                oom_kills=sum(limits[each.id].out_of_memory for each in own),
                disk_bytes=disk[0] if disk else None,
                disk_limit=disk[1] if disk else None,
                pids=sum(after[each].pids for each in here),
            )
        )
    return found


def _used(containers: Containers, alive: Sequence[Container]) -> dict[str, Usage]:
    return dict(zip(_ids(alive), at_once(lambda each: Usage.of(containers.used(each)), alive), strict=True))


def _ids(containers: Sequence[Container]) -> list[str]:
    return [each.id for each in containers]


def _sum(limits: Any) -> Any:
    """Of all replicas together; None when one of them has no limit, or there are none."""
    known = list(limits)
    return sum(known) if known and None not in known else None
