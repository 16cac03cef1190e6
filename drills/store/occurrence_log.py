"""Which occurrences of the calendar have come due, and what became of each: claimed first, so that none begins twice.

claimed ──► started ──► ended           a claim that is not started is begun again after a restart
   └──────────────────► skipped         `begin` lets exactly one process through
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from drills.store import tables
from drills.store.runner import Runner
from drills.store.store import Store


class OccurrenceState(StrEnum):
    CLAIMED = "claimed"
    STARTED = "started"
    ENDED = "ended"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class DueDrill:
    """One occurrence that has come due. `planned` is in UTC; `runner` is the process that attends it."""

    entry: str
    planned: datetime
    drill: str
    responder: str
    state: OccurrenceState = OccurrenceState.CLAIMED
    reason: str = ""
    started_at: datetime | None = None
    runner: Runner | None = None
    ended_at: datetime | None = None
    exit_status: int | None = None


class OccurrenceLog:
    """Used by several processes at once. Methods raise EnvironmentFailed when the database cannot."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self._clock = store.clock

    def known_since(self, entry: str, says: str) -> datetime:
        """Since when this entry of the schedule is known; from now on, when it was not."""
        table = tables.calendar_entries
        query = select(table.c.since).where(table.c.entry == entry)
        with self._database.write() as connection:
            since: datetime | None = connection.execute(query).scalar()
            if since is None:
                since = self._clock.now()
                connection.execute(insert(table).values(entry=entry, says=says, since=since))
        return since

    def forget_all_but(self, entries: Iterable[str]) -> None:
        """Entries that left the schedule owe nothing if they come back one day."""
        table = tables.calendar_entries
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.entry.not_in(list(entries))))

    def last_planned(self, entry: str) -> datetime | None:
        """The latest occurrence of an entry that was claimed or skipped."""
        table = tables.occurrences
        with self._database.read() as connection:
            found: datetime | None = connection.execute(
                select(table.c.planned).where(table.c.entry == entry).order_by(table.c.planned.desc()).limit(1)
            ).scalar()
        return found

    def claim(self, due: Sequence[DueDrill]) -> bool:
        """Store all of them (claimed, or skipped with a reason) at once; False when another process was first."""
        now = self._clock.now()
        rows = [
            {
                "entry": each.entry,
                "planned": each.planned,
                "drill": each.drill,
                "responder": each.responder,
                "state": each.state.value,
                "reason": each.reason,
                "claimed_at": now,
            }
            for each in due
        ]
        try:
            with self._database.write() as connection:
                connection.execute(insert(tables.occurrences), rows)
        except IntegrityError:
            return False
        return True

    def begin(self, entry: str, planned: datetime, runner: Runner) -> bool:
        """Go from claimed to started; True for exactly one caller."""
        return self._move(
            entry,
            planned,
            OccurrenceState.CLAIMED,
            state=OccurrenceState.STARTED.value,
            started_at=self._clock.now(),
            pid=runner.pid,
            pid_started=runner.started,
            boot_id=runner.boot_id,
        )

    def end(self, entry: str, planned: datetime, exit_status: int | None, reason: str = "") -> bool:
        """Go from started to ended. No exit status: its process died with it."""
        return self._move(
            entry,
            planned,
            OccurrenceState.STARTED,
            state=OccurrenceState.ENDED.value,
            ended_at=self._clock.now(),
            exit_status=exit_status,
            reason=reason,
        )

    def skip(self, entry: str, planned: datetime, reason: str) -> bool:
        """Go from claimed to skipped."""
        return self._move(entry, planned, OccurrenceState.CLAIMED, state=OccurrenceState.SKIPPED.value, reason=reason)

    def unfinished(self) -> list[DueDrill]:
        """Those that are claimed or started, by planned time."""
        return self._found(
            tables.occurrences.c.state.in_([OccurrenceState.CLAIMED.value, OccurrenceState.STARTED.value])
        )

    def all(self) -> list[DueDrill]:
        """Every occurrence that ever came due, by planned time."""
        return self._found()

    def of(self, entry: str, planned: datetime) -> DueDrill | None:
        table = tables.occurrences
        found = self._found(and_(table.c.entry == entry, table.c.planned == planned))
        return found[0] if found else None

    def _move(self, entry: str, planned: datetime, origin: OccurrenceState, **values: Any) -> bool:
        table = tables.occurrences
        where = and_(table.c.entry == entry, table.c.planned == planned, table.c.state == origin.value)
        with self._database.write() as connection:
            return connection.execute(update(table).where(where).values(**values)).rowcount == 1

    def _found(self, *where: ColumnElement[bool]) -> list[DueDrill]:
        table = tables.occurrences
        query = select(table).where(*where).order_by(table.c.planned, table.c.entry)
        with self._database.read() as connection:
            return [_due_drill(row) for row in connection.execute(query)]


def _due_drill(row: Any) -> DueDrill:
    runner = None if row.pid is None else Runner(row.pid, row.pid_started, row.boot_id)
    return DueDrill(
        row.entry,
        row.planned,
        row.drill,
        row.responder,
        OccurrenceState(row.state),
        row.reason,
        row.started_at,
        runner,
        row.ended_at,
        row.exit_status,
    )
