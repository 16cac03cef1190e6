"""Rows of PostgreSQL that a fault deletes and its undo brings back: kept as text that fits into an undo plan."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from drills.sandbox.adapters.postgres.literals import identifier, literal
from drills.sandbox.capabilities.database import WORK_SECONDS, Ask

#: Reading or writing as many rows as are allowed takes seconds on a loaded machine.
_ROWS_TIMEOUT = 60.0
_ASK_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class SavedRows:
    """`rows` is a JSON array of the rows as objects, written by PostgreSQL itself: every type survives it."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    rows: str

    def plan(self) -> dict[str, JsonValue]:
        """For the journal; the rows compressed."""
        packed = base64.b64encode(zlib.compress(self.rows.encode(), 6)).decode()
        return {
            "table": self.table,
            "key": list(self.key),
            "columns": list(self.columns),
            "rows": packed,
        }

    @classmethod
    def of_plan(cls, plan: dict[str, JsonValue]) -> SavedRows:
        """What `plan` made."""
        rows = zlib.decompress(base64.b64decode(str(plan["rows"]))).decode()
        return cls(str(plan["table"]), _texts(plan["key"]), _texts(plan["columns"]), rows)

    def delete(self, ask: Ask) -> None:
        """Delete exactly these, as far as they are still what was saved: no change made since is lost."""
        ask(
            f"DELETE FROM {self._table} AS present USING {self._set} AS saved"
            f" WHERE {self._same_key} AND present IS NOT DISTINCT FROM saved",
            timeout=_ROWS_TIMEOUT,
        )

    def missing(self, ask: Ask) -> int:
        """How many of these have no row of their key in the table."""
        _, rows = ask(
            f"SELECT count(*) FROM {self._set} AS saved"
            f" WHERE NOT EXISTS (SELECT FROM {self._table} AS present WHERE {self._same_key})",
            timeout=_ROWS_TIMEOUT,
        )
        return int(rows[0][0])

    def insert_missing(self, ask: Ask) -> None:
        """Bring back those that are missing; a row that is there, in whatever form, is left as it is."""
        columns = ", ".join(self.columns)
        ask(
            f"INSERT INTO {self._table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {self._set} AS saved"
            " ON CONFLICT DO NOTHING",
            timeout=_ROWS_TIMEOUT,
        )

    def differing(self, ask: Ask) -> int:
        """How many of these are not in the table as they were saved."""
        _, rows = ask(
            f"SELECT count(*) FROM {self._set} AS saved WHERE NOT EXISTS"
            f" (SELECT FROM {self._table} AS present WHERE {self._same_key} AND present IS NOT DISTINCT FROM saved)",
            timeout=_ROWS_TIMEOUT,
        )
        return int(rows[0][0])

    def put_back(self, ask: Ask) -> None:
        """Bring these back as they were saved, whatever became of them."""
        columns = ", ".join(self.columns)
        changes = ", ".join(f"{column} = excluded.{column}" for column in self.columns if column not in self.key)
        ask(
            f"INSERT INTO {self._table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {self._set} AS saved"
            f" ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {changes}",
            timeout=_ROWS_TIMEOUT,
        )

    @property
    def _table(self) -> str:
        return identifier(self.table)

    @property
    def _set(self) -> str:
        return f"jsonb_populate_recordset(NULL::{self._table}, {literal(self.rows)})"

    @property
    def _same_key(self) -> str:
        return " AND ".join(f"present.{column} = saved.{column}" for column in self.key)


def save(ask: Ask, table: str, where: str) -> SavedRows:
    """The rows that the condition holds for, as they are now."""
    _, found = ask(
        f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM {identifier(table)} AS t WHERE ({where})",
        timeout=_ROWS_TIMEOUT,
    )
    return SavedRows(table, primary_key(ask, table), _columns(ask, table), str(found[0][0]))


def primary_key(ask: Ask, table: str) -> tuple[str, ...]:
    """Its columns, quoted; empty when the table has none."""
    return _names(
        ask,
        "SELECT quote_ident(attname) FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)"
        f" WHERE indisprimary AND indrelid = to_regclass('{identifier(table)}') ORDER BY attnum",
    )


def _columns(ask: Ask, table: str) -> tuple[str, ...]:
    """Those that can be written, quoted."""
    return _names(
        ask,
        f"SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = to_regclass('{identifier(table)}')"
        " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
    )


def _names(ask: Ask, statement: str) -> tuple[str, ...]:
    _, rows = ask(statement, timeout=_ASK_TIMEOUT)
    return tuple(str(row[0]) for row in rows)


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


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
            return f"table {table} has no primary key: its rows could not be identified again"
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
