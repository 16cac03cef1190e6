"""Indexes of MySQL: a name is a table's, not the database's."""

from __future__ import annotations

import re

from drills.errors import BadInput
from drills.sandbox.adapters.mysql.literals import identifier, literal, of_table, written
from drills.sandbox.capabilities.database import ASK_SECONDS, WORK_SECONDS, Ask, Index

#: A line of SHOW CREATE TABLE: `  UNIQUE KEY `name` (`a`,`b`(10)) USING BTREE COMMENT 'x',`.
_KEY = re.compile(r"^\s*((?:UNIQUE |FULLTEXT |SPATIAL )?KEY `((?:[^`]|``)+)` .*?),?$", re.MULTILINE)


class MysqlIndexes:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def find(self, name: str, table: str | None = None) -> Index | None:
        """`table` may be left out where one table only has an index of that name."""
        schema, plain = of_table(table or "")
        tables = sorted(
            str(found)
            for (found,) in self._ask(
                "SELECT DISTINCT table_name FROM information_schema.statistics WHERE"
                f" table_schema = {schema} AND index_name = {literal(name)}"
                + (f" AND table_name = {literal(plain)}" if plain else ""),
                timeout=ASK_SECONDS,
            )[1]
        )
        if not tables:
            return None
        if len(tables) > 1:
            raise BadInput(f"{len(tables)} tables have an index {name} ({', '.join(tables)}); say which: table: …")
        where = table or tables[0]
        keys = {key: definition for definition, key in _KEY.findall(self._made(where))}
        if name not in keys:
            return Index(name, where, "", of_constraint=True)  # The primary key.
        definition = f"ALTER TABLE {written(where)} ADD {keys[name]}"
        return Index(name, where, definition, of_constraint=self._of_constraint(name, where))

    def drop(self, index: Index) -> None:
        if self.find(index.name, index.table) is not None:
            self._ask(f"ALTER TABLE {written(index.table)} DROP INDEX {identifier(index.name)}", timeout=WORK_SECONDS)

    def create(self, index: Index) -> None:
        self._ask(index.definition, timeout=WORK_SECONDS)

    def _made(self, table: str) -> str:
        _, rows = self._ask(f"SHOW CREATE TABLE {written(table)}", timeout=ASK_SECONDS)
        return str(rows[0][1])

    def _of_constraint(self, name: str, table: str) -> bool:
        """Whether it is unique: what it keeps out could be written while it is gone, and it would not come back."""
        schema, plain = of_table(table)
        _, rows = self._ask(
            f"SELECT count(*) FROM information_schema.table_constraints WHERE table_schema = {schema}"
            f" AND table_name = {literal(plain)} AND constraint_name = {literal(name)}",
            timeout=ASK_SECONDS,
        )
        return bool(rows[0][0])
