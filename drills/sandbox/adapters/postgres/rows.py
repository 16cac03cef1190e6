"""Rows of PostgreSQL that a fault deletes and its undo brings back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drills.sandbox.adapters.postgres.literals import identifier
from drills.sandbox.adapters.postgres.saved_rows import SavedRows, primary_key, save
from drills.sandbox.capabilities.database import WORK_SECONDS, Ask

#: Foreign keys by which deleting rows would change other tables too, which nothing here would bring back.
_SPREADING = """
SELECT conrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND confrelid = to_regclass('{table}') AND confdeltype IN ('c', 'n', 'd') ORDER BY 1
"""


class PostgresRows:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def refusal(self, table: str) -> str | None:
        if not primary_key(self._ask, table):
            return f"table {table} has no primary key: its rows could not be told apart again"
        _, followers = self._ask(_SPREADING.format(table=identifier(table)), timeout=WORK_SECONDS)
        return f"table {followers[0][0]} changes with the deletion of rows of {table}" if followers else None

    def count(self, table: str, where: str) -> int:
        _, counted = self._ask(f"SELECT count(*) FROM {identifier(table)} WHERE ({where})", timeout=WORK_SECONDS)
        return int(counted[0][0])

    def save(self, table: str, where: str) -> Mapping[str, Any]:
        return save(self._ask, table, where).plan()

    def delete(self, plan: Mapping[str, Any]) -> None:
        SavedRows.of_plan(dict(plan)).delete(self._ask)

    def missing(self, plan: Mapping[str, Any]) -> int:
        return SavedRows.of_plan(dict(plan)).missing(self._ask)

    def insert_missing(self, plan: Mapping[str, Any]) -> None:
        SavedRows.of_plan(dict(plan)).insert_missing(self._ask)
