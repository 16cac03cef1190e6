"""The rows that the shop began with, which no user changes: whether they are there as they were, and brought back.

They are those of the nightly backup's tables with a key of one column, up to the highest key in it. Rows that came
later are nobody's business here: users' orders stay whatever a drill did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from drills.included_shop.database.backups import Backups, Manifest, TableCopy

#: Runs one statement and gives its rows.
Ask = Callable[[str], Sequence[Sequence[Any]]]


def read(ask: Ask, manifest: Manifest) -> dict[str, str]:
    """For each table how many of them there are, and a checksum over their contents; a tenth of a second in all."""
    found = {}
    present = {str(name) for (name,) in ask("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")}
    for copy in _seeded(manifest):
        if copy.name in present:
            statement = "SELECT count(*), bit_xor(hash_record_extended(t, 0)) FROM {} AS t WHERE {} <= {}"
            rows, checksum = ask(_text(statement, sql.Identifier("public", copy.name), _key(copy), copy.last))[0]
            found[copy.name] = f"{rows} rows, checksum {(checksum or 0) & 0xFFFFFFFFFFFFFFFF:016x}"
    return found


def restore(
    connection: psycopg.Connection[Any],
    backups: Backups,
    backup: str,
    wanted: Mapping[str, str],
    present: Mapping[str, str],
) -> None:
    """Bring back the rows of the tables that differ, each from the backup; one transaction is the caller's to end."""
    manifest = backups.manifest(backup)
    for copy in _seeded(manifest) if manifest else ():
        if copy.name in wanted and wanted[copy.name] != present.get(copy.name):
            backups.load_temporary(connection, backup, copy)
            _bring_back(connection, copy)


def _bring_back(connection: psycopg.Connection[Any], copy: TableCopy) -> None:
    live, kept, key = sql.Identifier("public", copy.name), sql.Identifier("pg_temp", copy.name), _key(copy)
    columns = sql.SQL(", ").join(map(sql.Identifier, copy.columns))
    same = sql.SQL(" AND ").join(
        sql.SQL("l.{0} IS NOT DISTINCT FROM k.{0}").format(sql.Identifier(column)) for column in copy.columns
    )
    connection.execute(
        sql.SQL(
            "DELETE FROM {live} AS l WHERE l.{key} <= {last}"
            " AND NOT EXISTS (SELECT FROM {kept} AS k WHERE k.{key} = l.{key} AND {same})"
        ).format(live=live, kept=kept, key=key, last=sql.Literal(copy.last), same=same)
    )
    connection.execute(
        sql.SQL(
            "INSERT INTO {live} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {kept} AS k"
            " WHERE NOT EXISTS (SELECT FROM {live} AS l WHERE l.{key} = k.{key})"
        ).format(live=live, kept=kept, key=key, columns=columns)
    )
    # A table that was made again numbers its rows from 1: the next one would take a number that is given.
    connection.execute(
        sql.SQL(
            "SELECT setval(s, greatest((SELECT max({key})::bigint FROM {live}), nextval(s)))"
            " FROM pg_get_serial_sequence({table}, {column}) AS s WHERE s IS NOT NULL"
        ).format(key=key, live=live, table=sql.Literal(f"public.{copy.name}"), column=sql.Literal(copy.key))
    )
    connection.execute(sql.SQL("DROP TABLE {}").format(kept))


def _seeded(manifest: Manifest) -> list[TableCopy]:
    return [copy for copy in manifest.tables if copy.key and copy.last is not None]


def _key(copy: TableCopy) -> sql.Identifier:
    return sql.Identifier(copy.key or "")


def _text(statement: str, *parts: sql.Identifier | str | None) -> str:
    given = [part if isinstance(part, sql.Identifier) else sql.Literal(part) for part in parts]
    for part in given:
        statement = statement.replace("{}", part.as_string(), 1)
    return statement
