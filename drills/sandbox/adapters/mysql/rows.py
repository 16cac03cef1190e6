"""Rows of MySQL that a fault deletes and its undo brings back, kept as the literals of an INSERT."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from drills.sandbox.adapters.mysql.literals import identifier, literal, of_table, written
from drills.sandbox.capabilities.database import ASK_SECONDS, WORK_SECONDS, Ask

#: Of a binary string, and of a text in the character set of its column: the bytes themselves.
_BYTES = frozenset(
    f"{size}{kind}"
    for kind, sizes in {
        "char": ("", "var"),
        "text": ("", "tiny", "medium", "long"),
        "binary": ("", "var"),
        "blob": ("", "tiny", "medium", "long"),
        "point": ("", "multi"),
        "linestring": ("", "multi"),
        "polygon": ("", "multi"),
        "geometry": ("",),
        "geometrycollection": ("",),
    }.items()
    for size in sizes
)
#: What is approximate is not the same again after a way through text.
_APPROXIMATE = frozenset({"float", "double"})
#: How many rows one statement inserts.
_AT_ONCE = 500


class MysqlRows:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def refusal(self, table: str) -> str | None:
        key = self._key(table)
        if not key:
            return f"table {table} has no primary key: its rows could not be identified again"
        kinds = dict(self._columns(table))
        if unfit := [name for name in key if kinds.get(name) in _APPROXIMATE]:
            return f"the primary key of {table} has {unfit[0]}, an approximate number"
        schema, plain = of_table(table)
        _, followers = self._ask(
            "SELECT table_name FROM information_schema.referential_constraints WHERE"
            f" unique_constraint_schema = {schema} AND referenced_table_name = {literal(plain)}"
            " AND delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT') ORDER BY 1",
            timeout=ASK_SECONDS,
        )
        return f"table {followers[0][0]} changes with the deletion of rows of {table}" if followers else None

    def count(self, table: str, where: str) -> int:
        _, counted = self._ask(f"SELECT count(*) FROM {written(table)} WHERE ({where})", timeout=WORK_SECONDS)
        return int(counted[0][0])

    def save(self, table: str, where: str) -> Mapping[str, Any]:
        columns = self._columns(table)
        shown = ", ".join(_literal_of(name, kind) for name, kind in columns)
        _, rows = self._ask(f"SELECT {shown} FROM {written(table)} WHERE ({where})", timeout=WORK_SECONDS)
        text = json.dumps([[str(value) for value in row] for row in rows])
        return {
            "table": table,
            "key": list(self._key(table)),
            "columns": [name for name, _ in columns],
            "rows": base64.b64encode(zlib.compress(text.encode(), 6)).decode(),
        }

    def delete(self, plan: Mapping[str, Any]) -> None:
        """Rows whose every column is as it was saved; approximate numbers are not compared."""
        kinds = dict(self._columns(str(plan["table"])))
        compared = [name for name in plan["columns"] if kinds.get(name) not in _APPROXIMATE | {"json"}]
        for some in _parts(plan):
            same = " OR ".join(f"({_equal(plan, row, compared)})" for row in some)
            self._ask(f"DELETE FROM {written(plan['table'])} WHERE {same}", timeout=WORK_SECONDS)

    def missing(self, plan: Mapping[str, Any]) -> int:
        there = 0
        for some in _parts(plan):
            same = " OR ".join(f"({_equal(plan, row, plan['key'])})" for row in some)
            _, counted = self._ask(f"SELECT count(*) FROM {written(plan['table'])} WHERE {same}", timeout=WORK_SECONDS)
            there += int(counted[0][0])
        return len(_rows(plan)) - there

    def insert_missing(self, plan: Mapping[str, Any]) -> None:
        columns = ", ".join(identifier(name) for name in plan["columns"])
        for some in _parts(plan):
            values = ", ".join(f"({', '.join(row)})" for row in some)
            self._ask(f"INSERT IGNORE INTO {written(plan['table'])} ({columns}) VALUES {values}", timeout=WORK_SECONDS)

    def _key(self, table: str) -> tuple[str, ...]:
        schema, plain = of_table(table)
        _, rows = self._ask(
            "SELECT column_name FROM information_schema.statistics WHERE"
            f" table_schema = {schema} AND table_name = {literal(plain)} AND index_name = 'PRIMARY'"
            " ORDER BY seq_in_index",
            timeout=ASK_SECONDS,
        )
        return tuple(str(name) for (name,) in rows)

    def _columns(self, table: str) -> list[tuple[str, str]]:
        """Those that can be written, with their types."""
        schema, plain = of_table(table)
        _, rows = self._ask(
            "SELECT column_name, data_type FROM information_schema.columns WHERE"
            f" table_schema = {schema} AND table_name = {literal(plain)}"
            " AND coalesce(generation_expression, '') = '' ORDER BY ordinal_position",
            timeout=ASK_SECONDS,
        )
        return [(str(name), str(kind).lower()) for name, kind in rows]


def _literal_of(name: str, kind: str) -> str:
    """SQL that gives the column's value as a literal of SQL."""
    column = identifier(name)
    if kind in _BYTES:
        return f"IFNULL(IF(LENGTH({column}) = 0, QUOTE(''), CONCAT('0x', HEX({column}))), 'NULL')"
    if kind == "bit":
        return f"IFNULL(CONCAT({column} + 0), 'NULL')"
    if kind in _APPROXIMATE:
        # All digits that the number has, which its usual form leaves out.
        return f"IFNULL(CONCAT({column} + 0e0), 'NULL')"
    return f"IFNULL(QUOTE(CAST({column} AS CHAR)), 'NULL')"


def _equal(plan: Mapping[str, Any], row: Sequence[str], names: Sequence[str]) -> str:
    values = dict(zip(plan["columns"], row, strict=True))
    return " AND ".join(f"{identifier(name)} <=> {values[name]}" for name in names)


def _rows(plan: Mapping[str, Any]) -> list[list[str]]:
    found: list[list[str]] = json.loads(zlib.decompress(base64.b64decode(str(plan["rows"]))))
    return found


def _parts(plan: Mapping[str, Any]) -> list[list[list[str]]]:
    rows = _rows(plan)
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
