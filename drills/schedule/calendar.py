"""Keeps the calendar: each drill of the schedule begins when it is due, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from drills.clock import Clock
from drills.errors import EnvironmentFailed
from drills.json_log import JsonLog
from drills.schedule.claims import Claims
from drills.schedule.dispatcher import CommandFor, Dispatcher
from drills.schedule.occurrences import entry_id, next_occurrence
from drills.schedule.timetable import Timetable, follow_wall_clock
from drills.store.store import Store
from drills.workspace.schedule import ScheduleEntry


async def keep_calendar(
    schedule: Sequence[ScheduleEntry],
    store: Store,
    store_url: str,
    sandbox: str,
    state_dir: Path,
    command_for: CommandFor,
    *,
    clock: Clock,
    json_log: JsonLog,
) -> None:
    """Begin each drill of the schedule when it is due, until cancelled. A restart loses nothing and doubles nothing."""
    entries = {entry_id(entry): entry for entry in schedule}
    for entry in entries.values():
        next_occurrence(entry, clock.now())  # raises for a cron line that cannot be read, before anything begins
    claims = Claims(entries, store, clock, json_log)
    dispatcher = Dispatcher(claims, store, store_url, sandbox, state_dir, command_for, clock=clock, json_log=json_log)
    loop = asyncio.get_running_loop()
    due: asyncio.Queue[str] = asyncio.Queue()

    def on_due(entry: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: the claim is made at the next start
            loop.call_soon_threadsafe(due.put_nowait, entry)

    async def claim() -> None:
        while True:
            entry = await due.get()
            try:
                await asyncio.to_thread(claims.claim, entry)
            except EnvironmentFailed as error:
                json_log.say("calendar-waits", reason=str(error))
                await clock.sleep(1.0)
                due.put_nowait(entry)
            dispatcher.wake()

    await asyncio.to_thread(claims.open)
    await asyncio.to_thread(claims.claim_all)
    timetable = Timetable(entries, store, clock, on_due)

    def on_changed_clock() -> None:
        """What waits for a moment waits in monotonic time, and would miss it."""
        timetable.wake()
        for entry in entries:
            due.put_nowait(entry)

    await asyncio.to_thread(timetable.start)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(claim())
            tasks.create_task(dispatcher.run())
            tasks.create_task(follow_wall_clock(clock, on_changed_clock))
    finally:
        await asyncio.to_thread(timetable.stop)
