"""Deletes old observations, in small portions so that nobody who writes has to wait."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from drills.store import tables
from drills.store.store import Store

_PORTION = 5000


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
