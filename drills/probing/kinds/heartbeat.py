"""Whether something that must report by a time has reported."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

from drills.core.durations import format_duration
from drills.errors import EnvironmentFailed
from drills.probing.ages import roughly
from drills.probing.beats import beats_folder, last_beat
from drills.probing.bind import BoundProbe
from drills.probing.seen import Look, Means, Seen
from drills.probing.settings import HeartbeatSettings


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that reads the last beat. One in the future (a clock was set back) counts as just made."""
    settings = cast(HeartbeatSettings, probe.settings)
    folder = beats_folder(Path(settings.state))

    async def look() -> Seen:
        began = means.monotonic()
        try:
            async with asyncio.timeout(probe.timeout):
                last = await asyncio.to_thread(last_beat, folder, settings.name)
        except TimeoutError:
            return Seen(blind=f"the disk did not answer within {format_duration(probe.timeout)}")
        except EnvironmentFailed as error:
            return Seen(blind=str(error))
        if last is None:
            return Seen(failure=f"{settings.name} has never reported (`drills heartbeat {settings.name}` does)")
        age = max(0.0, (means.now() - last).total_seconds())
        late = age > settings.within.total_seconds()
        why = f"{settings.name} last reported {roughly(age)} ago, over {format_duration(settings.within)}"
        return Seen({"age": age}, {"total": means.monotonic() - began}, failure=why if late else "")

    return look
