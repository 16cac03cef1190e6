"""Memory, processor time, restarts, OOM kills and disk use of a service's containers, or processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Hashable
from pathlib import Path
from typing import cast

import psutil

from drills.errors import DrillsError
from drills.model.durations import format_duration
from drills.probing.bind import BoundProbe
from drills.probing.kinds.container.growth import Growth
from drills.probing.kinds.container.settings import ContainerSettings
from drills.probing.seen import NO_SANDBOX, Check, ProbeContext, Seen
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.service_usage import Found, Replica, ServiceUsage


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that asks in a thread; processor time, restarts and ends are counted since the first check."""
    sandbox = context.sandbox
    measured = None if sandbox is None else _Measured(cast(ContainerSettings, probe.settings), probe.timeout, sandbox)

    async def check() -> Seen:
        if measured is None:
            return Seen(unknown=NO_SANDBOX)
        began = context.monotonic()
        try:
            async with asyncio.timeout(probe.timeout):
                seen = await asyncio.to_thread(measured.read, began)
        except TimeoutError:
            return Seen(unknown=f"the machine did not answer within {format_duration(probe.timeout)}")
        seen.phases = {"total": context.monotonic() - began}
        return seen

    return check


class _Measured:
    """Remembers each replica between two checks, for rates."""

    def __init__(self, settings: ContainerSettings, timeout: float, sandbox: Sandbox) -> None:
        self._settings = settings
        self._timeout = timeout
        self._sandbox = sandbox
        self._usage: ServiceUsage | None = None
        self._known: dict[Hashable, float] = {}
        self._read_at: float | None = None
        self._gone = self._restarts = 0
        self._growth = Growth()
        self._first_ends: frozenset[Hashable] | None = None
        self._ends: frozenset[Hashable] = frozenset()

    def read(self, now: float) -> Seen:
        settings = self._settings
        try:
            usage = self._usage = self._usage or self._sandbox.resources.usage(settings.service)
            reading = usage.read(self._timeout, disk=settings.disk is None)
        except DrillsError as error:
            return Seen(unknown=str(error).split("\n")[0])
        if reading.missing:
            return Seen(failure=reading.missing)
        found = reading.found
        disk = reading.disk if settings.disk is None else _folder(settings.disk, settings.disk_limit)
        cores = self._compared(found, now)
        if not found.replicas:
            return Seen(failure=f"no replica of {settings.service} is running")
        metrics: dict[str, float | bool] = {"memory": max(self._memory(each) for each in found.replicas)}
        if cores is not None:
            metrics["cpu"] = cores / (settings.cpu_limit or _cores_allowed(found))
        values: dict[str, float | int | bool] = {
            "processes": len(found.replicas),
            "restarts": self._restarts,
            "oom_kills": len(self._ends),
            "memory_bytes": sum(each.memory_bytes for each in found.replicas),
        }
        unmeasured = {} if cores is not None else {"cpu": "processor time needs a second check"}
        if disk is not None:
            used, whole = disk
            values |= {"disk_bytes": used, "disk_full_in": self._growth.full_in(now, used, whole)}
            metrics["disk"] = used / whole
        else:
            absent = ("disk", "disk_bytes", "disk_full_in")
            unmeasured |= dict.fromkeys(absent, "the service has no disk of its own here")
        # Memory and processor time of services beside the one that playbooks mean are for assertions.
        reported = {name: value for name, value in metrics.items() if name == "disk" or reading.meant}
        return Seen({**values, **metrics}, metrics=reported, unmeasured=unmeasured)

    def _memory(self, replica: Replica) -> float:
        return replica.memory_bytes / (
            self._settings.memory_limit or replica.memory_limit or psutil.virtual_memory().total
        )

    def _compared(self, found: Found, now: float) -> float | None:
        """Cores in use by those that were there at the check before too, None at the first; restarts and ends."""
        before, since = self._known, self._read_at
        self._known, self._read_at = {each.key: each.cpu_seconds for each in found.replicas}, now
        if self._first_ends is None:
            self._first_ends = found.out_of_memory
        self._ends |= found.out_of_memory - self._first_ends
        if since is None:
            return None
        self._gone += len(before.keys() - self._known.keys())
        again = min(self._gone, len(self._known.keys() - before.keys()))  # the others are new, not restarted
        self._gone -= again
        self._restarts += again
        both = self._known.keys() & before.keys()
        if now <= since or not both:
            return None
        return sum(max(0.0, self._known[key] - before[key]) for key in both) / (now - since)


def _cores_allowed(found: Found) -> float:
    """Of all replicas together, never more than the machine has."""
    machine = float(os.cpu_count() or 1)
    limits = [each.cpu_limit for each in found.replicas]
    return min(machine, sum(limit or machine for limit in limits))


def _folder(named: str, limit: int | None) -> tuple[int, int]:
    """Bytes that a folder holds, and may hold: `limit`, or what its file system could; a file stands for its folder."""
    path = Path(named)
    folder = path.parent if path.is_file() else path
    return folder_bytes(folder), limit or psutil.disk_usage(str(folder)).total


def folder_bytes(folder: Path) -> int:
    """Bytes that the files below a folder hold on disk; files that vanish meanwhile do not count."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512  # noqa: PTH118 - thousands of files
            except OSError:
                continue
    return total
