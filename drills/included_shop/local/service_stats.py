"""What the local sandbox's services use, from the process table."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import psutil

from drills.included_shop.local.blueprints import memory_limit
from drills.included_shop.local.limits import cores
from drills.included_shop.local.service_control import ServiceControl
from drills.included_shop.names import Service
from drills.sandbox.capabilities.disk import DiskUsage
from drills.sandbox.capabilities.resources import ServiceStats
from drills.sandbox.log_lines import read_log

#: Over how long processor time is measured.
MOMENT_SECONDS = 0.25
#: What the app writes when it ends at its memory limit (shop.memory).
OUT_OF_MEMORY = '"message":"out of memory"'


def measure(
    control: ServiceControl,
    services: Sequence[Service],
    disk: DiskUsage | None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> list[ServiceStats]:
    """Takes `MOMENT_SECONDS`. `disk` is the database's, if it is bounded.

    Nothing supervises these services: restarts are always 0.
    """
    processes = {service: control.processes(service) for service in services}
    before, began = {service: _seconds(each) for service, each in processes.items()}, time.monotonic()
    sleep(MOMENT_SECONDS)
    moment = time.monotonic() - began
    state = control.store.read()
    found = []
    for service, own in processes.items():
        after = _seconds(own)
        used = sum(max(0.0, after[pid] - before[service][pid]) for pid in after.keys() & before[service].keys())
        replicas = len(control.records(service))
        bound = state.cpus.get(service)
        found.append(
            ServiceStats(
                name=service,
                replicas=replicas,
                memory_bytes=_memory(own, share=service is Service.DATABASE),
                memory_limit=memory_limit(control.shop, state.settings) * replicas if service is Service.APP else None,
                cpu=round(used / moment, 3) if moment > 0 else 0.0,
                cpu_limit=None if bound is None else float(min(bound * max(replicas, 1), len(cores()))),
                restarts=0,
                oom_kills=_out_of_memory(control, state.up_since) if service is Service.APP else 0,
                disk_bytes=_on_disk(control, disk) if service is Service.DATABASE else None,
                disk_limit=disk.total if disk is not None and service is Service.DATABASE else None,
                pids=len(own),
            )
        )
    return found


def _out_of_memory(control: ServiceControl, since: datetime | None) -> int:
    return len(read_log(control.layout.log(Service.APP), after=since, grep=OUT_OF_MEMORY))


def _seconds(processes: Sequence[psutil.Process]) -> dict[int, float]:
    """Processor time of each so far."""
    spent = {}
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        spent[process.pid] = times.user + times.system
    return spent


def _memory(processes: Sequence[psutil.Process], *, share: bool) -> int:
    """What they hold together. PostgreSQL's processes `share` most of their memory, which counts once."""
    held = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            held.append(process.memory_info())
    if not share:
        return sum(int(each.rss) for each in held)
    shared = [int(getattr(each, "shared", 0)) for each in held]
    return sum(max(0, int(each.rss) - common) for each, common in zip(held, shared, strict=True)) + max(
        shared, default=0
    )


def _on_disk(control: ServiceControl, disk: DiskUsage | None) -> int:
    return disk.used if disk is not None else _folder_bytes(control.layout.database)


def _folder_bytes(folder: Path) -> int:
    total = 0
    for root, _folders, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512  # noqa: PTH118 - thousands of files
            except OSError:  # it vanished meanwhile
                continue
    return total
