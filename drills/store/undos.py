"""What is owed, in memory: what becomes of it is known here first, and stored with the events that tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, update

from drills.store.tables import undo_journal


@dataclass(frozen=True, slots=True)
class OwedUndo:
    """One disturbance that is not known to be mended, until `settled_at`. `plan` is what its undo needs."""

    id: int
    drill_id: str
    sandbox: str
    kind: str
    summary: str
    plan: dict[str, JsonValue]
    written_at: datetime
    attempts: int = 0
    last_failure: str = ""
    settled_at: datetime | None = None


class Undos:
    """Rows of the journal while they are being settled. Used by one thread at a time."""

    def __init__(self, now: Callable[[], datetime], rows: Iterable[OwedUndo] = ()) -> None:
        self._now = now
        self._rows = {row.id: row for row in rows}
        self._changed: set[int] = set()

    def add(self, row: OwedUndo) -> None:
        """One that the journal has just taken."""
        self._rows[row.id] = row

    def owed(self) -> list[OwedUndo]:
        """What is owed, the last written first: the order in which to undo."""
        return sorted((row for row in self._rows.values() if row.settled_at is None), key=lambda row: -row.id)

    def settle(self, journal_id: int) -> None:
        """Nothing is owed any more for this row. Settling again changes nothing."""
        if self._rows[journal_id].settled_at is None:
            self._change(journal_id, settled_at=self._now())

    def fail(self, journal_id: int, reason: str) -> None:
        """Remember why an undo did not succeed; it stays owed."""
        self._change(journal_id, attempts=self._rows[journal_id].attempts + 1, last_failure=reason)

    def all(self) -> tuple[OwedUndo, ...]:
        """Every row, also what is settled."""
        return tuple(self._rows.values())

    def changed(self, drill_id: str) -> tuple[OwedUndo, ...]:
        """Those of one drill that are no longer as they were given."""
        return tuple(row for row in self._rows.values() if row.id in self._changed and row.drill_id == drill_id)

    def _change(self, journal_id: int, **fields: Any) -> None:
        self._rows[journal_id] = replace(self._rows[journal_id], **fields)
        self._changed.add(journal_id)


def store_changes(connection: Connection, undos: Iterable[OwedUndo]) -> None:
    """Store what became of these. One that is settled in the store stays so."""
    for undo in undos:
        connection.execute(
            update(undo_journal)
            .where(undo_journal.c.id == undo.id, undo_journal.c.settled_at.is_(None))
            .values(settled_at=undo.settled_at, attempts=undo.attempts, last_failure=undo.last_failure)
        )
