"""When a process began: what distinguishes it from a later process with the same id."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

#: psutil rounds a start time to the kernel's ticks (10 ms); what lies closer is the same process.
_SAME_START_SECONDS = 0.05


def start_ticks(pid: int) -> int | None:
    """In the kernel's ticks since boot; None when it has ended (a zombie has), or the system does not say.

    Setting the clock moves what psutil says, and not this.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The name of the program (field 2) may hold spaces and brackets: read after its closing one.
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


def started(pid: int) -> float | None:
    """In seconds, to be compared with itself only: since boot on Linux. None when it has ended."""
    if Path("/proc/self/stat").exists():
        ticks = start_ticks(pid)
        return None if ticks is None else ticks / os.sysconf("SC_CLK_TCK")
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def began_then(process: psutil.Process, *, ticks: int, create_time: float) -> bool:
    """Whether it is the process that was noted with these; by its ticks where they are known (not 0).

    Raises psutil.Error when it is gone.
    """
    present = start_ticks(process.pid)
    if present and ticks:
        return present == ticks
    return bool(abs(process.create_time() - create_time) <= _SAME_START_SECONDS)
