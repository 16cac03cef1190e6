"""Deletes observations older than the workspace's retention; drills and their events are kept for ever."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from drills.clock import Clock
from drills.errors import EnvironmentFailed
from drills.json_log import JsonLog
from drills.store.retention import forget_observations
from drills.store.store import Store

#: How often.
_EVERY = timedelta(hours=1)


async def keep_no_longer(store: Store, keep: timedelta, *, clock: Clock, json_log: JsonLog) -> None:
    """Forget what is older than `keep`, each hour, until cancelled."""
    while True:
        try:
            forgotten = await asyncio.to_thread(forget_observations, store, clock.now() - keep)
        except EnvironmentFailed as error:
            json_log.say("observations-not-forgotten", reason=str(error))
        else:
            if forgotten:
                json_log.say("observations-forgotten", observations=forgotten)
        await clock.sleep(_EVERY.total_seconds())
