"""Indexes of PostgreSQL, each by its name, with its schema or without."""

from __future__ import annotations

from drills.sandbox.adapters.postgres.literals import identifier
from drills.sandbox.capabilities.database import ASK_SECONDS, WORK_SECONDS, Ask, Index


class PostgresIndexes:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def find(self, name: str, table: str | None = None) -> Index | None:
        """Names of indexes are a schema's, so that the table is of no concern."""
        _, rows = self._ask(
            "SELECT pg_get_indexdef(indexrelid), indisvalid,"
            " EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"
            f" FROM pg_index WHERE indexrelid = to_regclass('{identifier(name)}')",
            timeout=ASK_SECONDS,
        )
        if not rows:
            return None
        return Index(name, table or "", str(rows[0][0]), valid=bool(rows[0][1]), of_constraint=bool(rows[0][2]))

    def drop(self, index: Index) -> None:
        self._ask(f"DROP INDEX IF EXISTS {identifier(index.name)}", timeout=WORK_SECONDS)

    def create(self, index: Index) -> None:
        self._ask(index.definition, timeout=WORK_SECONDS)
