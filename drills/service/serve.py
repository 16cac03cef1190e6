"""`serve`: the service of one workspace, in this process, until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable

from drills.app.context import Context
from drills.app.serving import serving
from drills.json_log import JsonLog
from drills.service.stopping import until_told_to_stop


async def serve(context: Context, write: Callable[[str], None]) -> None:
    """Serve the workspace until SIGTERM or SIGINT; `write` is given each line of the log.

    Raises what `drills.app.serving.serving` and the parts raise.
    """
    json_log = JsonLog(write, context.clock)
    async with serving(context, json_log) as parts:
        await until_told_to_stop(*parts)
        json_log.say("stopped")
