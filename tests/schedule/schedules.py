"""What the tests of the service need: fast schedules, and a service that only keeps the calendar."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from drills.clock import SystemClock
from drills.json_log import JsonLog
from drills.schedule.calendar import keep_calendar
from drills.schedule.starter import Command
from drills.service.stopping import until_told_to_stop
from drills.store.occurrence_log import DueDrill
from drills.store.store import Store
from drills.workspace.schedule import ScheduleEntry


def often(seconds: float, *drills: str) -> ScheduleEntry:
    """An entry that is due far more often than drills.yaml allows."""
    fields = {"drill": drills[0]} if len(drills) == 1 else {"rotation": drills}
    return ScheduleEntry.model_construct(every=timedelta(seconds=seconds), **fields)


def once(moment: datetime, drill: str) -> ScheduleEntry:
    return ScheduleEntry(drill=drill, on=moment)


def writes_a_line(file: Path, seconds: float = 0.0) -> str:
    """A stand-in for a drill: appends its name and occurrence to the file, in one write."""
    opened = f"os.open({str(file)!r}, os.O_APPEND | os.O_WRONLY | os.O_CREAT)"
    return f"import os, sys, time; os.write({opened}, (sys.argv[1] + chr(10)).encode()); time.sleep({seconds})"


def keep(url: str, folder: Path, schedule: Sequence[ScheduleEntry], script: str, log: Path | None = None) -> None:
    """Keep the calendar in this process until SIGTERM."""

    def command_for(due: DueDrill) -> Command:
        return Command((sys.executable, "-S", "-c", script, f"{due.drill} {due.entry} {due.planned.isoformat()}"))

    def write(line: str) -> None:
        if log is not None:
            with log.open("a") as file:
                file.write(line + "\n")

    async def run() -> None:
        clock = SystemClock()
        store = Store.open(url, clock=clock)
        json_log = JsonLog(write, clock)
        await until_told_to_stop(
            keep_calendar(schedule, store, url, "default", folder, command_for, clock=clock, json_log=json_log)
        )
        store.close()

    asyncio.run(run())


def fork_keeper(url: str, folder: Path, schedule: Sequence[ScheduleEntry], script: str, log: Path | None = None) -> int:
    """The same in a forked process (no start of Python to wait for); its id."""
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            keep(url, folder, schedule, script, log)
        except BaseException:  # noqa: BLE001 - the child must never come back into the test
            import traceback

            (folder / "keeper-failed.txt").write_text(traceback.format_exc())
            os._exit(1)
        os._exit(0)
    return pid


__all__ = ["fork_keeper", "keep", "often", "once", "writes_a_line"]
