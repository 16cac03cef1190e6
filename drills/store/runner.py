"""Which process conducts a drill, told apart from any later process that got the same id, also after a boot."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from drills.processes.start import started


@dataclass(frozen=True, slots=True)
class Runner:
    """`started` is compared only with itself: seconds since boot on Linux, which wall clock changes do not affect."""

    pid: int
    started: float
    boot_id: str

    @classmethod
    def this(cls) -> Runner:
        """The process that asks."""
        return cls(pid=os.getpid(), started=started(os.getpid()) or 0.0, boot_id=boot_id())

    def alive(self) -> bool:
        """Whether it still runs: the same boot, the same process (not a zombie, not another one with its id)."""
        return self.boot_id == boot_id() and started(self.pid) == self.started


@cache
def boot_id() -> str:
    """Differs after each boot of the machine, as the origin of the monotonic clock does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"
