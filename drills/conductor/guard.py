"""Ends a drill when somebody says so, or when it harms what lies outside the sandbox."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import psutil

from drills.clock import Clock
from drills.core.conditions import compile_condition
from drills.core.scenario import Abort
from drills.errors import Aborted
from drills.store.switch import KillSwitch, SwitchState


def host_metrics(folder: Path) -> Mapping[str, float]:
    """Shares of memory and disk that are free, and the load for each core over the last minute."""
    memory = psutil.virtual_memory()
    disk = shutil.disk_usage(folder)
    return {
        "memory_free": memory.available / memory.total,
        "disk_free": disk.free / disk.total,
        "load": psutil.getloadavg()[0] / (psutil.cpu_count() or 1),
    }


def thrown(state: SwitchState) -> str:
    """That the kill switch was thrown, and why."""
    return f"the kill switch was thrown{f': {state.why}' if state.why else ''}"


async def stand_guard(abort: Abort | None, switch: KillSwitch, folder: Path, clock: Clock) -> None:
    """Look every second; raises Aborted once the kill switch is thrown or the abort condition has held long enough."""
    held_since: float | None = None
    while True:
        state = switch.state()
        if state.stopped:
            raise Aborted(thrown(state))
        if abort is not None:
            holds = compile_condition(abort.when).holds({"host": host_metrics(folder)})
            held_since = (held_since if held_since is not None else clock.monotonic()) if holds else None
            if held_since is not None and clock.monotonic() - held_since >= abort.for_.total_seconds():
                raise Aborted(f"the abort condition held: {abort.when}")
        await clock.sleep(1.0)
