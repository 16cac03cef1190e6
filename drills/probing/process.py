"""Memory, processor time, restarts and disk of a local sandbox's processes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import cast

import psutil

from drills.core.durations import format_duration
from drills.errors import DrillsError
from drills.probing.bind import BoundProbe
from drills.probing.kinds import ProcessSettings
from drills.probing.seen import Look, Means, Seen
from drills.process_start import began_then
from drills.sandbox.state import ProcessRecord, read_processes


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that reads /proc in a thread; processor time and restarts are counted since the look before."""
    measured = _Measured(cast(ProcessSettings, probe.settings))

    async def look() -> Seen:
        began = means.monotonic()
        try:
            async with asyncio.timeout(probe.timeout):
                seen = await asyncio.to_thread(measured.read, began)
        except TimeoutError:
            return Seen(blind=f"the machine did not tell within {format_duration(probe.timeout)}")
        seen.phases = {"total": means.monotonic() - began}
        return seen

    return look


class _Measured:
    """Remembers each process between two looks, for rates."""

    def __init__(self, settings: ProcessSettings) -> None:
        self._settings = settings
        self._known: dict[tuple[int, float], psutil.Process] = {}
        self._cpu: dict[tuple[int, float], float] = {}
        self._read_at: float | None = None
        self._restarts = 0

    def read(self, now: float) -> Seen:
        settings = self._settings
        try:
            records = read_processes(Path(settings.state))
        except (DrillsError, OSError) as error:
            return Seen(failure=str(error).split("\n")[0])
        wanted = {(record.pid, record.create_time): record for record in records if record.service == settings.service}
        alive = {key: found for key, record in wanted.items() if (found := self._alive(key, record)) is not None}
        if self._known:
            self._restarts += len(alive.keys() - self._known.keys())
        if not alive:
            return Seen(failure=f"no process of {settings.service} is running")
        self._known = alive
        metrics: dict[str, float | bool] = {}
        used = self._memory()
        metrics["memory"] = max(used) / (settings.memory_limit or psutil.virtual_memory().total)
        if (cores := self._cores(now)) is not None:
            metrics["cpu"] = cores / (settings.cpu_limit or os.cpu_count() or 1)
        values: dict[str, float | int | bool] = {
            "processes": len(alive),
            "restarts": self._restarts,
            "memory_bytes": sum(used),
        }
        if settings.disk is not None:
            named = Path(settings.disk)
            folder = named.parent if named.is_file() else named
            values["disk_bytes"] = held = folder_bytes(folder)
            metrics["disk"] = held / (settings.disk_limit or psutil.disk_usage(str(folder)).total)
        unmeasured = {} if "cpu" in metrics else {"cpu": "processor time needs a second look"}
        return Seen({**values, **metrics}, metrics=metrics, unmeasured=unmeasured)

    def _alive(self, key: tuple[int, float], record: ProcessRecord) -> psutil.Process | None:
        if (known := self._known.get(key)) is not None and known.is_running():
            return known if known.status() != psutil.STATUS_ZOMBIE else None
        try:
            process = psutil.Process(record.pid)
            same = began_then(process, ticks=record.start_ticks, create_time=record.create_time)
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None

    def _memory(self) -> list[int]:
        used = [0]
        for process in self._known.values():
            try:
                used.append(process.memory_info().rss)
            except psutil.Error:  # it ended a moment ago: the next look will say so
                continue
        return used

    def _cores(self, now: float) -> float | None:
        """Processor seconds per second of those that were there at the look before too."""
        before, since = self._cpu, self._read_at
        self._cpu, self._read_at = {}, now
        for key, process in self._known.items():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            self._cpu[key] = times.user + times.system
        both = self._cpu.keys() & before.keys()
        if since is None or now <= since or not both:
            return None
        return sum(max(0.0, self._cpu[key] - before[key]) for key in both) / (now - since)


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
