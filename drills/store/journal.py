"""The undo journal: an undo is committed before anything is changed, and settled once it was made and verified."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import insert, select

from drills.store import tables
from drills.store.store import Store
from drills.store.undos import OwedUndo


class Journal:
    """Rows of the store that survive the death of whoever wrote them; `Store.keep` settles them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._database = store.database
        self._clock = store.clock

    def write(
        self,
        drill_id: str,
        sandbox: str,
        kind: str,
        summary: str,
        plan: Mapping[str, JsonValue],
        *,
        at: datetime | None = None,
    ) -> int:
        """Commit what is owed; it is on the disk when this returns its number. `at`: when it was first tried."""
        statement = insert(tables.undo_journal).values(
            drill_id=drill_id,
            sandbox=sandbox,
            kind=kind,
            summary=summary,
            plan=json.dumps(plan, ensure_ascii=False),
            written_at=at or self._clock.now(),
            attempts=0,
            last_failure="",
        )
        with self._database.write() as connection:
            key = connection.execute(statement).inserted_primary_key
        assert key is not None
        return int(key[0])

    def sandbox_of(self, drill_id: str) -> str:
        """The sandbox that a drill was begun on. Raises BadInput for an unknown drill."""
        return self._store.drill(drill_id).sandbox

    def owed(self, sandbox: str | None = None) -> list[OwedUndo]:
        """What is owed (on that sandbox), the last written first: the order in which to undo."""
        table = tables.undo_journal
        query = select(table).where(table.c.settled_at.is_(None)).order_by(table.c.id.desc())
        if sandbox is not None:
            query = query.where(table.c.sandbox == sandbox)
        return self._rows(query)

    def of_drill(self, drill_id: str) -> list[OwedUndo]:
        """Every row of one drill, the last written first, also what is settled."""
        table = tables.undo_journal
        return self._rows(select(table).where(table.c.drill_id == drill_id).order_by(table.c.id.desc()))

    def _rows(self, query: Any) -> list[OwedUndo]:
        with self._database.read() as connection:
            return [_owed(row) for row in connection.execute(query)]


def _owed(row: Any) -> OwedUndo:
    return OwedUndo(
        id=row.id,
        drill_id=row.drill_id,
        sandbox=row.sandbox,
        kind=row.kind,
        summary=row.summary,
        plan=json.loads(row.plan),
        written_at=row.written_at,
        attempts=row.attempts,
        last_failure=row.last_failure,
        settled_at=row.settled_at,
    )
