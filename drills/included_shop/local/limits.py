"""Limits on processor time: a process is bound to some of the machine's cores, and its children with it."""

from __future__ import annotations

import contextlib

import psutil

from drills.errors import BadInput


def cores() -> list[int]:
    """Those that this program may use; empty where the system cannot bind processes to cores (macOS)."""
    if not hasattr(psutil.Process, "cpu_affinity"):
        return []
    return list(psutil.Process().cpu_affinity() or [])


def checked(cpus: float) -> int:
    """As a number of cores. Raises BadInput where that is impossible."""
    there = cores()
    if not there:
        raise BadInput("cpus: this system cannot bind processes to cores")
    if cpus != int(cpus) or not 1 <= cpus <= len(there):
        most = f"from 1 to {len(there)}" if len(there) > 1 else "of 1"
        raise BadInput(f"cpus: a whole number {most} (the local driver binds processes to cores), not {cpus:g}")
    return int(cpus)


def bind(process: psutil.Process, cpus: int | None, turn: int = 0) -> None:
    """Let a process use that many cores; None: all. Processes with another `turn` get the next ones."""
    there = cores()
    if not there:
        return
    chosen = there if cpus is None else [there[(turn * cpus + each) % len(there)] for each in range(cpus)]
    with contextlib.suppress(psutil.Error, OSError):  # it ended a moment ago
        process.cpu_affinity(chosen)
