"""All that a drill may change in the database, as one state that can be read, and brought back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from psycopg import sql

from drills.errors import BadInput
from drills.included_shop.database import scram, seeded_rows, state, table_state
from drills.included_shop.database.backups import NIGHTLY, Backups
from drills.included_shop.database.migrations import NONE, Migrations, noted
from drills.sandbox import direct

#: The role whose password the app's settings hold.
APP_ROLE = "shop"
AS_SET = "as set"
INDEXES = ("indexes", "invalid_indexes")
_LOOK_SECONDS = 10.0
_MEND_SECONDS = 90.0
_KEEPS_MIGRATIONS = "SELECT to_regclass('public.schema_migrations') IS NOT NULL"
_PASSWORD = f"SELECT rolpassword FROM pg_authid WHERE rolname = '{APP_ROLE}'"

State = Mapping[str, Mapping[str, str]]
#: Runs one statement and gives its rows.
Ask = Callable[[str], Sequence[Sequence[Any]]]


class DatabaseRestorer:
    """Over `url`, as the database's owner, in sessions that may write whatever the database's settings say."""

    def __init__(self, url: str, shop_root: Path, backups: Backups) -> None:
        self._url = direct.without_read_only(url)
        self._shop_root = shop_root
        self._backups = backups

    def read(self, password: str) -> State:
        """The present state; `password` is the app's. Raises EnvironmentFailed when the database does not answer."""
        with direct.asking(self._url, timeout=_LOOK_SECONDS) as ask:
            return {
                **state.read(ask),
                **table_state.read(ask),
                # A database that version 0.1 made has had none.
                "migrations": _applied(Migrations(self._shop_root, ask)) if ask(_KEEPS_MIGRATIONS)[0][0] else {},
                "passwords": {APP_ROLE: AS_SET if _fits(ask, password) else "another"},
                "rows": self._seeded(ask),
            }

    def restore(self, wanted: State, password: str) -> bool:
        """Bring it all back; returns whether only a restart of the database puts it in effect.

        Parts that `wanted` lacks, because an older version read it, stay as they are. Raises BadInput when the
        database refuses a statement, EnvironmentFailed when it does not answer.
        """
        with direct.asking(self._url, timeout=_MEND_SECONDS) as ask:
            around = state.read(ask)
            wanted = completed(wanted, {**around, **table_state.read(ask)})
            # Roles and the right to write come first; indexes can wait for the columns that they are over.
            _run(ask, state.statements({**wanted, **{part: around[part] for part in INDEXES}}, around))
            if "migrations" in wanted:
                self._migrate(ask, wanted["migrations"])
            for part in table_state.PARTS:
                _run(ask, table_state.statements(part, wanted[part], table_state.read(ask)[part]))
            _run(ask, state.statements(wanted, state.read(ask)))
            if wanted.get("passwords", {}).get(APP_ROLE) == AS_SET and not _fits(ask, password):
                ask(f"ALTER ROLE {APP_ROLE} PASSWORD {sql.Literal(password).as_string()}")
            present, last = self._seeded(ask), state.read(ask)
        if wanted.get("rows", present) != present:
            with direct.connected(self._url, timeout=_MEND_SECONDS, autocommit=False) as connection:
                seeded_rows.restore(connection, self._backups, NIGHTLY, wanted["rows"], present)
        return state.needs_restart(wanted, last)

    def _migrate(self, ask: Ask, wanted: Mapping[str, str]) -> None:
        migrations = Migrations(self._shop_root, ask)
        if _applied(migrations) == wanted:
            return
        with contextlib.suppress(BadInput):
            # Refused when somebody changed the tables by hand in between: they are then restored column by column.
            migrations.migrate(max(wanted, default=NONE))
        ask(noted(wanted))

    def _seeded(self, ask: Ask) -> dict[str, str]:
        manifest = self._backups.manifest(NIGHTLY)
        return seeded_rows.read(ask, manifest) if manifest else {}


def completed(wanted: State, present: State) -> dict[str, Mapping[str, str]]:
    """With the parts that it lacks, because an older version read it, as they are.

    Version 0.1, which read no migrations, knew fewer tables too: what it does not name is left as it is.
    """
    if "migrations" in wanted:
        return {**present, **wanted}
    return {part: {**present.get(part, {}), **wanted.get(part, {})} for part in present.keys() | wanted.keys()}


def _applied(migrations: Migrations) -> dict[str, str]:
    """Version and time of what is applied, as texts."""
    listed = migrations.listed()
    return {each.version: each.applied_at.astimezone(UTC).isoformat() for each in listed if each.applied_at}


def _fits(ask: Ask, password: str) -> bool:
    kept = ask(_PASSWORD)
    return not kept or scram.fits(str(kept[0][0]), password)


def _run(ask: Ask, statements: Sequence[str]) -> None:
    for statement in statements:
        ask(statement)
