"""The alerts of the service's monitoring, as a log of what was told; drills keep theirs in their timelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select

from drills.store import tables
from drills.store.store import Store


class AlertKind(StrEnum):
    FIRED = "fired"
    CHANGED = "changed"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """One transition. `drill_id` is the drill that ran on the sandbox then: such an alert is no real incident's."""

    sandbox: str
    at: datetime
    kind: AlertKind
    alert_id: str
    key: str
    level: str
    title: str
    reason: str
    probe: str | None = None
    drill_id: str | None = None


class AlertLog:
    """Rows are only ever added. Methods raise EnvironmentFailed when the database cannot."""

    def __init__(self, store: Store) -> None:
        self._database = store.database

    def append(self, records: Sequence[AlertRecord]) -> None:
        """Store them, in order; they are on the disk when this returns."""
        if records:
            with self._database.write() as connection:
                connection.execute(insert(tables.alerts), [asdict(record) for record in records])

    def history(self, sandbox: str, since: datetime | None = None) -> list[AlertRecord]:
        """What was told about a sandbox, in order."""
        table = tables.alerts
        query = select(table).where(table.c.sandbox == sandbox).order_by(table.c.id)
        if since is not None:
            query = query.where(table.c.at >= since)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            AlertRecord(
                row.sandbox,
                row.at,
                AlertKind(row.kind),
                row.alert_id,
                row.key,
                row.level,
                row.title,
                row.reason,
                row.probe,
                row.drill_id,
            )
            for row in rows
        ]

    def open(self, sandbox: str) -> list[AlertRecord]:
        """The alerts that have fired and not been resolved, each with its level of now."""
        found: dict[str, AlertRecord] = {}
        for record in self.history(sandbox):
            if record.kind is AlertKind.FIRED:
                found[record.alert_id] = record
            elif record.kind is AlertKind.RESOLVED:
                found.pop(record.alert_id, None)
            elif record.kind is AlertKind.CHANGED and record.alert_id in found:
                found[record.alert_id] = replace(found[record.alert_id], level=record.level)
        return list(found.values())

    def numbers(self, sandbox: str) -> dict[str, int]:
        """Key → how many alerts it has had: the next one has the next number, also after a restart."""
        table = tables.alerts
        query = select(table.c.key, table.c.alert_id).where(
            table.c.sandbox == sandbox, table.c.kind == AlertKind.FIRED.value
        )
        numbers: dict[str, int] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                number = int(row.alert_id.rpartition("#")[2])
                numbers[row.key] = max(number, numbers.get(row.key, 0))
        return numbers
