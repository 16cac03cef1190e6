"""Undos in memory: their state changes here first, and is stored together with the events that report it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from pydantic import JsonValue
from sqlalchemy import Connection, update

from drills.store.tables import undo_journal


@dataclass(frozen=True, slots=True)
class OwedUndo:
    """One disturbance, owed until `settled_at`. `plan` is what its undo needs."""

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


class UndoLog(Protocol):
    """Where what is owed is written down before anything is touched."""

    def write(self, drill_id: str, sandbox: str, kind: str, summary: str, plan: Mapping[str, JsonValue]) -> int:
        """Commit what is owed; it is on the disk when this returns its number. Raises EnvironmentFailed."""
        ...

    def sandbox_of(self, drill_id: str) -> str:
        """The sandbox that a drill was begun on."""
        ...


class Undos:
    """Rows of the journal while they are being settled; may be shared by threads."""

    def __init__(self, now: Callable[[], datetime], rows: Iterable[OwedUndo] = ()) -> None:
        self._now = now
        self._rows = {row.id: row for row in rows}
        self._changed: set[int] = set()

    def add(self, row: OwedUndo) -> None:
        """One that the journal has just taken."""
        self._rows[row.id] = row

    def owed(self) -> list[OwedUndo]:
        """What is owed, the last written first: the order in which to undo."""
        return sorted((row for row in self.all() if row.settled_at is None), key=lambda row: -row.id)

    def settle(self, journal_id: int) -> None:
        """Nothing is owed any more for this row. Settling again changes nothing."""
        if self._rows[journal_id].settled_at is None:
            self._change(journal_id, settled_at=self._now())

    def give_up(self, journal_id: int, reason: str) -> None:
        """Nothing is owed any more for this row, which was not undone; `reason` is kept with it."""
        self._change(journal_id, settled_at=self._now(), last_failure=f"given up: {reason}")

    def fail(self, journal_id: int, reason: str) -> None:
        """Remember why an undo did not succeed; it stays owed."""
        self._change(journal_id, attempts=self._rows[journal_id].attempts + 1, last_failure=reason)

    def all(self) -> tuple[OwedUndo, ...]:
        """Every row, also what is settled."""
        return tuple(self._rows.values())

    def changed(self, drill_id: str | None = None) -> tuple[OwedUndo, ...]:
        """Those (of one drill) that are no longer as they were given, or as they were last stored."""
        return tuple(row for row in self.all() if row.id in self._changed and drill_id in (None, row.drill_id))

    def stored(self, rows: Iterable[OwedUndo]) -> None:
        """These are in the store as they are here, unless they have changed since."""
        for row in rows:
            if self._rows.get(row.id) is row:
                self._changed.discard(row.id)

    def _change(self, journal_id: int, **fields: Any) -> None:
        self._changed.add(journal_id)
        self._rows[journal_id] = replace(self._rows[journal_id], **fields)


def store_changes(connection: Connection, undos: Iterable[OwedUndo]) -> None:
    """Store what became of these. One that is settled in the store stays so."""
    for undo in undos:
        connection.execute(
            update(undo_journal)
            .where(undo_journal.c.id == undo.id, undo_journal.c.settled_at.is_(None))
            .values(settled_at=undo.settled_at, attempts=undo.attempts, last_failure=undo.last_failure)
        )
