"""`serve`: the whole service of one workspace, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from drills.calendar.occurrences import Occurrence, entry_id, next_occurrence, says, upcoming
from drills.clock import Clock, SystemClock
from drills.errors import BadInput, EnvironmentFailed, SandboxBusy
from drills.sandbox.open import open_sandbox
from drills.service.attendance import Attendance, CommandFor
from drills.service.diary import Diary
from drills.service.lines import Lines
from drills.service.looking import Looking
from drills.service.monitoring import Monitoring
from drills.service.timetable import Timetable
from drills.store.holder import hold, holder_of
from drills.store.occurrence_log import DueDrill
from drills.store.store import Store
from drills.workspace.schedule import ScheduleEntry
from drills.workspace.workspace import Workspace


async def serve(
    workspace: Workspace,
    *,
    clock: Clock | None = None,
    write: Callable[[str], None] | None = None,
    command_for: CommandFor | None = None,
    bring_up: bool = True,
) -> None:
    """Probe the workspace's sandbox, raise and resolve alerts, and run its calendar, until SIGTERM or SIGINT.

    Raises EnvironmentFailed when another service serves this workspace, or the sandbox does not come up; BadInput
    for a probe or an entry of the schedule that cannot be used.
    """
    clock = clock or SystemClock()
    lines = Lines(write or _write_line, clock)
    name = workspace.config.sandbox.name
    probes = list(workspace.probes.values())
    sandbox = open_sandbox(workspace)
    with _the_only_service(workspace, name), contextlib.closing(Store.open(workspace.store_url, clock=clock)) as store:
        if bring_up:
            await asyncio.to_thread(sandbox.up)

        def look_now(probe: str) -> None:
            looking.look_now(probe)

        monitoring = Monitoring(workspace.playbook(), probes, store, name, look_now=look_now, lines=lines, clock=clock)
        looking = Looking(probes, lambda: sandbox.addresses, monitoring.see, lines=lines, clock=clock)
        lines.say("serving", workspace=str(workspace.home), sandbox=name, entries=len(workspace.config.schedule))
        await until_told_to_stop(
            looking.run(),
            monitoring.run(),
            keep_calendar(
                workspace.config.schedule,
                store,
                workspace.store_url,
                name,
                workspace.state_dir,
                command_for or conducting_command(workspace.home),
                clock=clock,
                lines=lines,
            ),
        )
        lines.say("stopped")


async def keep_calendar(
    schedule: Sequence[ScheduleEntry],
    store: Store,
    store_url: str,
    sandbox: str,
    state_dir: Path,
    command_for: CommandFor,
    *,
    clock: Clock,
    lines: Lines,
) -> None:
    """Begin each drill of the schedule when it is due, until cancelled. A restart loses nothing and doubles nothing."""
    entries = {entry_id(entry): entry for entry in schedule}
    for entry in entries.values():
        next_occurrence(entry, clock.now())  # raises for a cron line that cannot be read, before anything begins
    diary = Diary(entries, store, clock, lines)
    attendance = Attendance(diary, store, store_url, sandbox, state_dir, command_for, clock=clock, lines=lines)
    loop = asyncio.get_running_loop()
    due: asyncio.Queue[str] = asyncio.Queue()

    def on_due(entry: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: the claim is made at the next start
            loop.call_soon_threadsafe(due.put_nowait, entry)

    async def claim() -> None:
        while True:
            entry = await due.get()
            try:
                await asyncio.to_thread(diary.claim, entry)
            except EnvironmentFailed as error:
                lines.say("calendar-waits", reason=str(error))
                await clock.sleep(1.0)
                due.put_nowait(entry)
            attendance.wake()

    await asyncio.to_thread(diary.open)
    await asyncio.to_thread(diary.claim_all)
    timetable = Timetable(entries, store, clock, on_due)
    await asyncio.to_thread(timetable.start)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(claim())
            tasks.create_task(attendance.run())
    finally:
        await asyncio.to_thread(timetable.stop)


def planned(workspace: Workspace, *, months: int = 12, clock: Clock | None = None) -> list[Occurrence]:
    """What `drills calendar` shows: the drills of the next months, in order of time."""
    return upcoming(workspace.config.schedule, (clock or SystemClock()).now(), months)


def planned_says(workspace: Workspace) -> dict[str, str]:
    """Each entry's id → the entry in words."""
    return {entry_id(entry): says(entry) for entry in workspace.config.schedule}


def conducting_command(home: Path) -> CommandFor:
    """Conduct a due drill with the command line of this very installation."""

    def command_for(due: DueDrill) -> Sequence[str]:
        return (
            sys.executable,
            "-m",
            "drills",
            "run",
            due.drill,
            "--responder",
            due.responder,
            "--quiet",
            "--workspace",
            str(home),
        )

    return command_for


async def until_told_to_stop(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts until SIGTERM or SIGINT, then cancel them and wait for their ends.

    An error of a part ends the others, and is raised as itself.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = [asyncio.ensure_future(part) for part in parts]
    told = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([*running, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        failed = [task for task in running if task.done() and not task.cancelled() and task.exception()]
        for task in (*running, told):
            task.cancel()
        await asyncio.gather(*running, told, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    for task in failed:
        raise _plainly(task.exception())


def _plainly(error: BaseException | None) -> BaseException:
    """The first error that a user can read, out of what a task group raised."""
    if isinstance(error, BaseExceptionGroup):
        readable = error.subgroup((BadInput, EnvironmentFailed))
        inner: BaseException = readable or error
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        return inner
    return error or RuntimeError("a part of the service ended")


def _the_only_service(workspace: Workspace, name: str) -> contextlib.ExitStack:
    """Holds the right to serve this workspace until it is closed. Raises SandboxBusy, naming who holds it."""
    stack = contextlib.ExitStack()
    try:
        stack.enter_context(hold(workspace.state_dir, f"{name}.service", "drills serve"))
    except SandboxBusy:
        holder = holder_of(workspace.state_dir, f"{name}.service")
        raise SandboxBusy(
            f"this workspace is served already, by {holder or 'another service'}; end that one first"
        ) from None
    return stack


def _write_line(line: str) -> None:
    print(line, flush=True)
