"""Whether something that must report by a time has reported."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from datetime import datetime
from typing import cast

from drills.daemon_work import start_daemon
from drills.errors import EnvironmentFailed
from drills.model.durations import format_duration, humane
from drills.probing.bind import BoundProbe
from drills.probing.engine.beats import last_beat
from drills.probing.kinds.heartbeat.settings import HeartbeatSettings
from drills.probing.seen import NO_SANDBOX, Check, ProbeContext, Seen

#: Seconds; a clock that was set back by more is not that of the machine.
_FUTURE = 86_400.0


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that reads the last beat.

    One in the future (a clock was set back) counts as just made; one that lies more than a day in the future is
    an error. While a disk keeps one check waiting no other begins to read.
    """
    settings = cast(HeartbeatSettings, probe.settings)
    reading: Future[datetime | None] | None = None

    async def check() -> Seen:
        nonlocal reading
        if context.sandbox is None:
            return Seen(unknown=NO_SANDBOX)
        folder = context.sandbox.heartbeats
        began = context.monotonic()
        try:
            async with asyncio.timeout(probe.timeout):
                if reading is None or reading.done():
                    reading = start_daemon(last_beat, folder, settings.name, name=f"heartbeat-{settings.name}")
                last = await asyncio.wrap_future(reading)
        except TimeoutError:
            return Seen(unknown=f"the disk did not answer within {format_duration(probe.timeout)}")
        except EnvironmentFailed as error:
            return Seen(unknown=str(error))
        if last is None:
            return Seen(failure=f"{settings.name} has never reported (`drills heartbeat {settings.name}` does)")
        age = (context.now() - last).total_seconds()
        if age < -_FUTURE:
            return Seen(unknown=f"the last beat of {settings.name} lies {humane(-age)} in the future; send another")
        age = max(0.0, age)
        late = age > settings.within.total_seconds()
        why = f"{settings.name} last reported {humane(age)} ago, over {format_duration(settings.within)}"
        return Seen({"age": age}, {"total": context.monotonic() - began}, failure=why if late else "")

    return check
