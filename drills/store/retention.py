"""Deletes observations older than the workspace's retention; drills and their events are kept for ever."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from drills.clock import Clock
from drills.errors import EnvironmentFailed
from drills.json_log import JsonLog
from drills.store import tables
from drills.store.store import Store

#: How many are deleted at once: small portions, so that nobody who writes has to wait.
_PORTION = 5000
#: How often a service deletes.
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


def forget_observations(store: Store, before: datetime) -> int:
    """Delete what was observed before that moment; returns how many. Raises EnvironmentFailed."""
    table = tables.observations
    forgotten = 0
    while True:
        oldest = select(table.c.id).where(table.c.at < before).limit(_PORTION)
        with store.database.write_relaxed() as connection:
            count = connection.execute(delete(table).where(table.c.id.in_(oldest.scalar_subquery()))).rowcount
        forgotten += count
        if count < _PORTION:
            return forgotten
