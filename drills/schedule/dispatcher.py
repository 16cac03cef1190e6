"""Begins the drills that were claimed, one after another: never two on one sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from drills.clock import Clock
from drills.errors import EnvironmentFailed
from drills.json_log import JsonLog
from drills.schedule.claims import Claims
from drills.schedule.starter import Command, Task
from drills.store.holder import holder_of
from drills.store.occurrence_log import DueDrill, OccurrenceLog, OccurrenceState
from drills.store.store import Store
from drills.store.switch import KillSwitch

#: How often a drill that this service did not begin itself, or a sandbox that another runner holds, is checked.
_CHECK = 0.5
#: How long a drill waits for a sandbox that another runner holds, before it is skipped.
PATIENCE = timedelta(hours=1)
#: How long a drill may take to undo and end when the service is stopped.
_ENDING = 60.0

#: The command that conducts a due drill.
CommandFor = Callable[[DueDrill], Command]


class Dispatcher:
    """Conducts the drills that were claimed. `wake` it when there may be something new."""

    def __init__(
        self,
        claims: Claims,
        store: Store,
        store_url: str,
        sandbox: str,
        state_dir: Path,
        command_for: CommandFor,
        *,
        clock: Clock,
        json_log: JsonLog,
    ) -> None:
        self._claims = claims
        self._log = OccurrenceLog(store)
        self._switch = KillSwitch(store)
        self._store_url = store_url
        self._sandbox = sandbox
        self._state_dir = state_dir
        self._command_for = command_for
        self._clock = clock
        self._json_log = json_log
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """To be called in the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Conduct until cancelled; a drill that runs then is signalled to end, and waited for."""
        while True:
            self._woken.clear()
            try:
                while (due := await asyncio.to_thread(self._next)) is not None:
                    await self._attend(due)
            except EnvironmentFailed as error:
                self._json_log.say("calendar-waits", reason=str(error))
                await self._clock.sleep(_CHECK)
                continue
            await self._woken.wait()

    def _next(self) -> DueDrill | None:
        """One that was started comes first, however it was: until it has ended no other may begin."""
        unfinished = self._log.unfinished()
        return min(
            unfinished, key=lambda due: (due.state is not OccurrenceState.STARTED, due.planned, due.entry), default=None
        )

    async def _attend(self, due: DueDrill) -> None:
        if due.state is OccurrenceState.STARTED:
            await self._await_started(due)
        elif await self._may_begin(due):
            await self._conduct(due)

    async def _await_started(self, due: DueDrill) -> None:
        """A drill of an earlier life of the service goes on by itself; its starter stores how it ended."""
        while due.runner is not None and due.runner.alive():
            await self._clock.sleep(_CHECK)
        await asyncio.to_thread(self._log.end, due.entry, due.planned, None, "its process was killed")
        await self._say(due)

    async def _may_begin(self, due: DueDrill) -> bool:
        deadline = self._clock.monotonic() + PATIENCE.total_seconds()
        while True:
            switch = await asyncio.to_thread(self._switch.state)
            if switch.stopped:
                return await self._skip(due, f"stopped: {switch.why}" if switch.why else "stopped")
            holder = await asyncio.to_thread(holder_of, self._state_dir, self._sandbox)
            if holder is None:
                return True
            if self._clock.monotonic() > deadline:
                return await self._skip(due, f"the sandbox was held by {holder}")
            await self._clock.sleep(_CHECK)

    async def _skip(self, due: DueDrill, reason: str) -> bool:
        await asyncio.to_thread(self._log.skip, due.entry, due.planned, reason)
        await self._say(due)
        return False

    async def _conduct(self, due: DueDrill) -> None:
        starter = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "drills.schedule.starter",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        task = Task(self._store_url, due.entry, due.planned, self._command_for(due))
        self._claims.say(due, "starting", starter.pid)
        try:
            _, complaint = await starter.communicate(task.to_json().encode())
        except asyncio.CancelledError:
            await self._end(due, starter)
            raise
        why = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        await asyncio.to_thread(self._settle, due, why)
        await self._say(due)

    def _settle(self, due: DueDrill, why: str) -> None:
        """After its starter has gone: usually all is stored; else say what went wrong.

        It may also have found that a starter of an earlier life of the service was first, and still attends.
        """
        now = self._log.of(due.entry, due.planned)
        if now is None:
            return
        if now.state is OccurrenceState.CLAIMED:
            self._log.skip(due.entry, due.planned, f"could not be started: {why or 'its process was killed'}")
        elif now.state is OccurrenceState.STARTED and (now.runner is None or not now.runner.alive()):
            self._log.end(due.entry, due.planned, None, "its process was killed")

    async def _end(self, due: DueDrill, starter: asyncio.subprocess.Process) -> None:
        """The service stops: signal the drill, and give it time to undo what it broke."""
        if starter.returncode is None:
            self._claims.say(due, "asked-to-end", starter.pid)
            with contextlib.suppress(ProcessLookupError):
                starter.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(starter.wait(), _ENDING)
        await self._say(due)

    async def _say(self, due: DueDrill) -> None:
        now = await asyncio.to_thread(self._log.of, due.entry, due.planned)
        if now is not None:
            self._claims.say(now)
