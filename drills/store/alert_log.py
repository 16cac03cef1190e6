"""The log of the service's alerts; a drill's alerts are in its timeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select

from drills.alerting import AlertId
from drills.store import tables
from drills.store.store import Store


class AlertKind(StrEnum):
    FIRED = "fired"
    CHANGED = "changed"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """One transition. `drill_id` is the drill that ran on the sandbox then: such an alert is no real incident's.

    `probe` is who saw it, `besides` who saw the same. `alert_id` is absent for an alert that was suppressed.
    """

    sandbox: str
    at: datetime
    kind: AlertKind
    alert_id: AlertId | None
    key: str
    level: str
    title: str
    reason: str
    probe: str | None = None
    besides: tuple[str, ...] = ()
    drill_id: str | None = None


class AlertLog:
    """Rows are only ever added. Methods raise EnvironmentFailed when the database cannot."""

    def __init__(self, store: Store) -> None:
        self._database = store.database

    def append(self, records: Sequence[AlertRecord]) -> None:
        """Store them, in order; they are on the disk when this returns."""
        if records:
            with self._database.write() as connection:
                connection.execute(insert(tables.alerts), [_row(record) for record in records])

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
                AlertId.parse(row.alert_id) if row.alert_id else None,
                row.key,
                row.level,
                row.title,
                row.reason,
                row.probe,
                tuple(json.loads(row.besides or "[]")),
                row.drill_id,
            )
            for row in rows
        ]

    def open(self, sandbox: str) -> dict[AlertId, AlertRecord]:
        """The alerts that have fired and not been resolved, each with its level of now."""
        found: dict[AlertId, AlertRecord] = {}
        for record in self.history(sandbox):
            if record.alert_id is None:
                continue
            if record.kind is AlertKind.FIRED:
                found[record.alert_id] = record
            elif record.kind is AlertKind.RESOLVED:
                found.pop(record.alert_id, None)
            elif record.kind is AlertKind.CHANGED and record.alert_id in found:
                found[record.alert_id] = replace(found[record.alert_id], level=record.level)
        return found

    def numbers(self, sandbox: str) -> dict[str, int]:
        """Key → how many alerts it has had: the next one has the next number, also after a restart."""
        table = tables.alerts
        query = select(table.c.alert_id).where(table.c.sandbox == sandbox, table.c.kind == AlertKind.FIRED.value)
        numbers: dict[str, int] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                alert = AlertId.parse(row.alert_id)
                numbers[alert.key] = max(alert.number, numbers.get(alert.key, 0))
        return numbers


def _row(record: AlertRecord) -> dict[str, object]:
    alert_id = "" if record.alert_id is None else str(record.alert_id)
    return asdict(record) | {"alert_id": alert_id, "besides": json.dumps(record.besides)}
