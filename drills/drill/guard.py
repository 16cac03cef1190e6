"""Aborts a drill when the kill switch is set, or when the drill harms the machine outside the sandbox."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

import psutil

from drills.alerting.attention import Attention
from drills.clock import Clock
from drills.errors import Aborted, DrillsError, EnvironmentFailed
from drills.model.conditions import compile_condition
from drills.model.durations import humane
from drills.model.scenario import Abort
from drills.store.switch import KillSwitch, SwitchState

#: Seconds without a check of the switch after which the drill's measurements are not trusted.
_AWAY = 6.0


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
    """Check every second; raises Aborted once the kill switch is thrown or the abort condition has held long enough.

    A store that cannot be read throws nothing; `drills stop` signals the runner as well. Raises EnvironmentFailed when
    this process was away meanwhile: it was stopped, or the machine slept.
    """
    held_since: float | None = None
    asking: asyncio.Future[SwitchState] | None = None
    attention = Attention(clock.monotonic(), clock.suspended(), away_after=_AWAY)
    while True:
        if away := attention.away(clock.monotonic(), clock.suspended()):
            raise EnvironmentFailed(
                f"the runner itself was away for {humane(away)}: nothing was monitored, and the responder did not run"
            )
        # Not waited for: a store that hangs must not hold up the abort condition, nor the end of the drill.
        if asking is not None and asking.done():
            if (state := asking.result()).stopped:
                raise Aborted(thrown(state))
            asking = None
        if asking is None:
            asking = asyncio.ensure_future(asyncio.to_thread(_state, switch))
        if abort is not None:
            holds = compile_condition(abort.when).holds({"host": host_metrics(folder)})
            held_since = (held_since if held_since is not None else clock.monotonic()) if holds else None
            if held_since is not None and clock.monotonic() - held_since >= abort.for_.total_seconds():
                raise Aborted(f"the abort condition held: {abort.when}")
        await clock.sleep(1.0)


def _state(switch: KillSwitch) -> SwitchState:
    try:
        return switch.state()
    except DrillsError:
        return SwitchState(False)
