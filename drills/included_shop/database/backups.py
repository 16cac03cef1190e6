"""Backups of the shop's database: a folder for each, outside the database's disk.

    NAME/TABLE.gz        the table's rows as COPY writes them, compressed
    NAME/manifest.json   what is in it, with the checksum of each file; written last: a folder without it is no backup

Read and written over a connection as the database's owner, so that no program of PostgreSQL's is needed beside it.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import psycopg
from psycopg import sql
from pydantic import BaseModel, ConfigDict, ValidationError

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox import direct
from drills.sandbox.capabilities.backups import Backup

NIGHTLY = "nightly"
_MANIFEST = "manifest.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,47}")
#: The whole database is copied in a second or two.
_SECONDS = 120.0
_CHUNK_BYTES = 2**20

#: The tables of the shop with their columns and types. What the migrations note is not the shop's.
_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'schema_migrations'
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname ORDER BY c.relname
"""
#: Primary keys of one column.
_KEYS = """
SELECT c.relname, a.attname
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
WHERE n.nspname = 'public' AND i.indisprimary AND i.indnkeyatts = 1
"""


class TableCopy(BaseModel):
    """One table in a backup. `key` is its primary key, when that is one column, and `last` its highest value there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str
    key: str | None = None
    last: str | None = None


class Manifest(BaseModel):
    """What a backup says about itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: datetime
    tables: tuple[TableCopy, ...]


class Backups:
    """The backups in one folder, of the database at `url`."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url

    def listed(self) -> tuple[Backup, ...]:
        """The newest first; a folder that is not a whole backup is left out."""
        found = []
        for path in self._folder.glob(f"*/{_MANIFEST}"):
            with contextlib.suppress(EnvironmentFailed):
                found.append(_described(path.parent.name, _manifest(path.parent)))
        return tuple(sorted(found, key=lambda backup: (backup.at, backup.name), reverse=True))

    def manifest(self, name: str) -> Manifest | None:
        """What is in that backup; None when there is none of that name, or it cannot be read."""
        with contextlib.suppress(EnvironmentFailed):
            return _manifest(self._folder / name)
        return None

    def back_up(self, name: str, at: datetime) -> Backup:
        """Copy every table's rows, all as they are at one moment.

        Replaces one of that name. Raises BadInput for a name that cannot be used, EnvironmentFailed when the database
        does not answer or the files cannot be written; then the former one is left.
        """
        if not _NAME.fullmatch(name):
            raise BadInput(f"a backup's name is of small letters, digits, - and _, not {name!r}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".making-", dir=self._folder, ignore_cleanup_errors=True) as making:
                manifest = self._copy_out(Path(making), at)
                self.remove(name)
                Path(making).rename(self._folder / name)
        except OSError as error:
            raise EnvironmentFailed(f"{self._folder}: the backup cannot be written: {error.strerror}") from error
        return _described(name, manifest)

    def _copy_out(self, folder: Path, at: datetime) -> Manifest:
        with direct.connected(self._url, timeout=_SECONDS, autocommit=False) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            keys = {str(table): str(column) for table, column in connection.execute(_KEYS)}
            tables = connection.execute(_TABLES).fetchall()
            copies = tuple(
                _copy_table(connection, folder, str(table), tuple(columns), tuple(types), keys.get(str(table)))
                for table, columns, types in tables
            )
        manifest = Manifest(at=at, tables=copies)
        (folder / _MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        return manifest

    def remove(self, name: str) -> None:
        """Remove it if it is there."""
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def load(self, name: str, schema: str, tables: Collection[str] = ()) -> Mapping[str, int]:
        """Load a backup's tables, or only those named, into that schema, all or none; rows of each.

        What lies there under these names is replaced. Raises BadInput for an unknown backup or table and for a schema
        that is the live one or the server's, EnvironmentFailed for a file that is damaged.
        """
        if not _SCHEMA.fullmatch(schema) or schema in {"public", "information_schema"} or schema.startswith("pg_"):
            raise BadInput(f"a backup is loaded beside the live tables: name another schema than {schema!r}")
        known = [backup.name for backup in self.listed()]
        if name not in known:
            raise BadInput(f"there is no backup {name!r}; {suggest(name, known)}")
        copies = {copy.name: copy for copy in _manifest(self._folder / name).tables}
        for table in tables:
            if table not in copies:
                raise BadInput(f"backup {name} has no table {table!r}; {suggest(table, copies)}")
        wanted = [copy for copy in copies.values() if not tables or copy.name in tables]
        for copy in wanted:
            self._check(name, copy)
        with direct.connected(self._url, timeout=_SECONDS, autocommit=False) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
            for copy in wanted:
                self._load_table(connection, name, copy, schema)
        return {copy.name: copy.rows for copy in wanted}

    def load_temporary(self, connection: psycopg.Connection[Any], name: str, copy: TableCopy) -> None:
        """Load one table for the length of that connection's session, as `pg_temp.TABLE`."""
        self._check(name, copy)
        self._load_table(connection, name, copy, "pg_temp")

    def _check(self, name: str, copy: TableCopy) -> None:
        path = self._folder / name / f"{copy.name}.gz"
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise EnvironmentFailed(f"backup {name} is damaged: {path}: {error.strerror}") from error
        if digest != copy.sha256:
            raise EnvironmentFailed(f"backup {name} is damaged: {path} is not what was written")

    def _load_table(self, connection: psycopg.Connection[Any], name: str, copy: TableCopy, schema: str) -> None:
        table = sql.Identifier(schema, copy.name)
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(cast(Any, kind)))
            for column, kind in zip(copy.columns, copy.types, strict=True)
        )
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(table, _list(copy.columns))
        with (
            gzip.open(self._folder / name / f"{copy.name}.gz") as file,
            connection.cursor() as cursor,
            cursor.copy(statement) as rows,
        ):
            while chunk := file.read(_CHUNK_BYTES):
                rows.write(chunk)
        if copy.rows:
            connection.execute(sql.SQL("ANALYZE {}").format(table))


def adopt(source: Path, folder: Path, name: str, at: datetime) -> None:
    """Put a backup that was made with the seeded database under a sandbox's own, with the time that it stands for.

    Replaces one of that name. Raises OSError.
    """
    copy = folder / name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(source, copy)
    manifest = _manifest(copy).model_copy(update={"at": at})
    (copy / _MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")


def _copy_table(
    connection: psycopg.Connection[Any],
    folder: Path,
    table: str,
    columns: tuple[str, ...],
    types: tuple[str, ...],
    key: str | None,
) -> TableCopy:
    name = sql.Identifier("public", table)
    path = folder / f"{table}.gz"
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(name, _list(columns))
    with connection.cursor() as cursor, path.open("wb") as raw:
        with _compressed(raw) as file, cursor.copy(statement) as answer:
            rows = _write(answer, file)
        size = raw.tell()
    last = None
    if key is not None:
        found = connection.execute(sql.SQL("SELECT max({})::text FROM {}").format(sql.Identifier(key), name)).fetchone()
        last = None if found is None else found[0]
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return TableCopy(name=table, columns=columns, types=types, rows=rows, bytes=size, sha256=digest, key=key, last=last)


def _compressed(raw: BinaryIO) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0)


def _write(answer: psycopg.Copy, file: gzip.GzipFile) -> int:
    """The rows that were written. They come one by one; compressing many at a time is several times faster."""
    rows, kept, size = 0, [], 0
    for row in answer:
        rows += 1
        kept.append(bytes(row))
        size += len(row)
        if size > _CHUNK_BYTES:
            file.write(b"".join(kept))
            kept, size = [], 0
    file.write(b"".join(kept))
    return rows


def _list(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _described(name: str, manifest: Manifest) -> Backup:
    return Backup(
        name=name,
        at=manifest.at,
        tables={copy.name: copy.rows for copy in manifest.tables},
        bytes=sum(copy.bytes for copy in manifest.tables),
    )


def _manifest(folder: Path) -> Manifest:
    path = folder / _MANIFEST
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EnvironmentFailed(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise EnvironmentFailed(f"{path}: is not a backup's manifest") from error
