"""The paper sandbox's database: it knows the statements that faults say, and nothing else of SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

INDEX = "CREATE INDEX orders_customer_idx ON public.orders USING btree (customer_id)"
HASH = "SCRAM-SHA-256$4096:paper"
#: Of these rows the condition of a fault holds for the first three.
ORDERS = {number: f"order {number}" for number in range(1, 6)}
CHOSEN = 3

Rows = Sequence[Sequence[Any]]


class PaperDatabase:
    """`change` is called before each single change; it may not return."""

    def __init__(self, change: Callable[[str], None]) -> None:
        self._change = change
        self.indexes = {"orders_customer_idx": INDEX}
        self.password = HASH
        self.orders = dict(ORDERS)
        self.slots: set[str] = set()
        self.kept_wal = 0
        self.dump: Callable[[str], None] = lambda name: None
        self.write_wal: Callable[[], None] = lambda: None

    def state(self) -> dict[str, Any]:
        return {
            "indexes": dict(self.indexes),
            "password": self.password,
            "orders": sorted(self.orders),
            "slots": sorted(self.slots),
        }

    def answer(self, statement: str) -> Rows:
        """What the statement does and gives; a statement that no fault says is an error of the test."""
        for name in ("orders_customer_idx", "orders"):
            statement = statement.replace(f'"{name}"', name)
        for pattern, does in _STATEMENTS:
            if found := re.match(pattern, statement, re.DOTALL):
                return does(self, *found.groups()) or []
        raise AssertionError(f"the paper database does not know: {statement}")

    def _drop_index(self, name: str) -> None:
        self._change(f"drop index {name}")
        self.indexes.pop(name, None)

    def _create_index(self, statement: str, name: str) -> None:
        self._change(f"create index {name}")
        self.indexes[name] = statement

    def _index(self, name: str) -> Rows:
        return [[self.indexes[name], True, False]] if name in self.indexes else []

    def _set_password(self, password: str) -> None:
        self._change("set the password")
        self.password = password if password.startswith("SCRAM") else f"SCRAM-SHA-256$4096:{password}"

    def _end_sessions(self) -> None:
        self._change("end sessions")

    def _save(self) -> Rows:
        return [[json.dumps([{"id": number} for number in sorted(self.orders) if number <= CHOSEN])]]

    def _delete(self, saved: str) -> None:
        self._change("delete rows")
        for number in _numbers(saved):
            self.orders.pop(number, None)

    def _missing(self, saved: str) -> Rows:
        return [[sum(number not in self.orders for number in _numbers(saved))]]

    def _insert(self, saved: str) -> None:
        self._change("insert rows")
        self.orders = {number: ORDERS[number] for number in _numbers(saved)} | self.orders

    def _count(self) -> Rows:
        return [[sum(number <= CHOSEN for number in self.orders)]]

    def _add_slot(self, name: str) -> None:
        self._change(f"slot {name}")
        self.slots.add(name)

    def _drop_slot(self, name: str) -> None:
        if name in self.slots:
            self._change(f"no slot {name}")
            self.slots.discard(name)

    def _checkpoint(self) -> None:
        if not self.slots:
            self._change("checkpoint")
            self.kept_wal = 0


def _numbers(saved: str) -> list[int]:
    return [row["id"] for row in json.loads(saved)]


_SAVED = r".*jsonb_populate_recordset\(NULL::orders, E'(.*?)'\)"
_STATEMENTS: tuple[tuple[str, Callable[..., Rows | None]], ...] = (
    (r"SELECT 1$", lambda database: [[1]]),
    (r"DROP INDEX IF EXISTS (\w+)", PaperDatabase._drop_index),
    (r"(CREATE INDEX (\w+).*)", PaperDatabase._create_index),
    (r"SELECT pg_get_indexdef.*to_regclass\('(\w+)'\)", PaperDatabase._index),
    (r"SELECT rolsuper, ", lambda database: [[False, False]]),
    (r"SELECT rolpassword FROM", lambda database: [[database.password]]),
    (r"ALTER ROLE shop PASSWORD E'(.*)'", PaperDatabase._set_password),
    (r"SELECT pg_terminate_backend", PaperDatabase._end_sessions),
    (r"SELECT to_regclass\('orders'\) IS NOT NULL", lambda database: [[True]]),
    (r"SELECT quote_ident\(attname\)", lambda database: [["id"]]),
    (r"\s*SELECT conrelid::regclass", lambda database: []),
    (r"SELECT coalesce\(jsonb_agg", PaperDatabase._save),
    (r"SELECT count\(\*\) FROM orders WHERE", PaperDatabase._count),
    (r"DELETE FROM orders" + _SAVED, PaperDatabase._delete),
    (r"SELECT count\(\*\) FROM jsonb" + _SAVED.replace(".*jsonb", "", 1), PaperDatabase._missing),
    (r"INSERT INTO orders" + _SAVED, PaperDatabase._insert),
    (r"SELECT pg_size_bytes", lambda database: [[2**20]]),
    (r"SELECT pg_create_physical_replication_slot\('(\w+)', true\)", PaperDatabase._add_slot),
    (r"SELECT pg_drop_replication_slot.*slot_name = '(\w+)'", PaperDatabase._drop_slot),
    (r"SELECT count\(\*\) FROM pg_replication_slots.*'(\w+)'", lambda database, name: [[int(name in database.slots)]]),
    (r"COPY .* TO E'/paper/dumps/(.*)'", lambda database, name: database.dump(name)),
    (r"SELECT count\(pg_logical_emit_message", lambda database: database.write_wal()),
    (r"CHECKPOINT", PaperDatabase._checkpoint),
)
