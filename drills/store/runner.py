"""Which process conducts a drill, told apart from any later process that got the same id."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Runner:
    """`started` is compared only with itself: seconds since boot on Linux, where a changed wall clock moves it not."""

    pid: int
    started: float
    boot_id: str

    @classmethod
    def this(cls) -> Runner:
        """The process that asks."""
        return cls(pid=os.getpid(), started=_started(os.getpid()) or 0.0, boot_id=boot_id())

    def alive(self) -> bool:
        """Whether it still runs: the same boot, the same process (not a zombie, not another one with its id)."""
        return self.boot_id == boot_id() and _started(self.pid) == self.started


@cache
def boot_id() -> str:
    """Differs after each boot of the machine, as the origin of the monotonic clock does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"


def _started(pid: int) -> float | None:
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The name of the program (field 2) may hold spaces and brackets: read after its closing one.
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else int(fields[19]) / os.sysconf("SC_CLK_TCK")
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
