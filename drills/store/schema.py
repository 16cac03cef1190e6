"""Brings a store's tables up to date when it is opened.

Alembic is imported only when there is something to do: a store that is up to date costs one query.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from drills.errors import BadInput
from drills.store.database import Database

#: Every revision in `migrations/versions`, the oldest first (a test compares the two). Whoever adds a table adds it to
#: `tables.metadata`, a migration that makes it, and that migration's revision here.
REVISIONS = ("0001", "0002", "0003", "0004")

#: Where the revision is noted; not Alembic's own name, for a PostgreSQL database may be shared with other programs.
VERSION_TABLE = "drills_schema"

#: Any number that no other program uses for PostgreSQL's advisory locks.
_MIGRATION_LOCK = 0x6472696C6C73


def bring_up_to_date(database: Database) -> None:
    """Make or migrate the tables. Several processes may do so at once.

    Raises BadInput for a store that a newer version of drills wrote.
    """
    with database.read() as connection:
        if _version(connection, database.name) == REVISIONS[-1]:
            return
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        # Another process may have done it while this one waited for the lock.
        if _version(connection, database.name) != REVISIONS[-1]:
            _migrate(connection)


def _version(connection: Connection, name: str) -> str | None:
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if "drills" in tables or "events" in tables:
            raise BadInput(f"{name}: has tables that do not belong to drills; name another database in drills.yaml")
        return None
    version: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    if version is not None and version not in REVISIONS:
        raise BadInput(
            f"{name}: was written by a newer version of drills (store format {version}, this one knows "
            f"{REVISIONS[-1]}); update drills, or name another store in drills.yaml"
        )
    return version


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
