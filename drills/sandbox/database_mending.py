"""All that a drill may change in the database, as one state that can be read, and brought back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from psycopg import sql

from drills.errors import BadInput
from drills.sandbox import database_state, direct, scram, seeded_rows, table_state
from drills.sandbox.backups import NIGHTLY, Backups
from drills.sandbox.migrations import NONE, Migrations, noted

#: The role whose password the app's settings hold.
APP_ROLE = "shop"
AS_SET = "as set"
INDEXES = ("indexes", "invalid_indexes")
_SECONDS = 20.0
_LOOK_SECONDS = 5.0
_ROWS_SECONDS = 60.0
_PASSWORD = f"SELECT rolpassword FROM pg_authid WHERE rolname = '{APP_ROLE}'"

State = Mapping[str, Mapping[str, str]]


class DatabaseMending:
    """Over `url`, as the database's owner, in sessions that may write whatever the database's settings say."""

    def __init__(self, url: str, shop_root: Path, backups: Backups) -> None:
        self._url = direct.without_read_only(url)
        self._migrations = Migrations(shop_root, self._ask)
        self._backups = backups

    def read(self, password: str) -> State:
        """The present state; `password` is the app's. Raises EnvironmentFailed when the database does not answer."""
        around = database_state.read(self._quickly)
        return {
            **around,
            **table_state.read(self._quickly),
            "migrations": self._applied(),
            "passwords": {APP_ROLE: AS_SET if self._fits(password) else "another"},
            "rows": self._seeded(),
        }

    def mend(self, wanted: State, password: str) -> bool:
        """Bring it all back; returns whether only a restart of the database puts it in effect.

        Parts that `wanted` lacks, because an older version read it, stay as they are. Raises BadInput when the
        database refuses a statement, EnvironmentFailed when it does not answer.
        """
        around = database_state.read(self._ask)
        wanted = {**around, **table_state.read(self._ask), **wanted}
        # Roles and the right to write come first; indexes can wait for the columns that they are over.
        self._run(database_state.statements({**wanted, **{part: around[part] for part in INDEXES}}, around))
        if "migrations" in wanted:
            self._migrate(wanted["migrations"])
        for part in table_state.PARTS:
            self._run(table_state.statements(part, wanted[part], table_state.read(self._ask)[part]))
        self._run(database_state.statements(wanted, database_state.read(self._ask)))
        self._bring_back_rows(wanted.get("rows", {}))
        if wanted.get("passwords", {}).get(APP_ROLE) == AS_SET and not self._fits(password):
            self._run([f"ALTER ROLE {APP_ROLE} PASSWORD {sql.Literal(password).as_string()}"])
        return database_state.needs_restart(wanted, database_state.read(self._ask))

    def _migrate(self, wanted: Mapping[str, str]) -> None:
        if self._applied() == wanted:
            return
        with contextlib.suppress(BadInput):
            # Refused when somebody changed the tables by hand meanwhile: they are mended column by column then.
            self._migrations.migrate(max(wanted, default=NONE))
        self._run([noted(wanted)])

    def _bring_back_rows(self, wanted: Mapping[str, str]) -> None:
        present = self._seeded()
        if present != wanted:
            with direct.connected(self._url, timeout=_ROWS_SECONDS, autocommit=False) as connection:
                seeded_rows.mend(connection, self._backups, NIGHTLY, wanted, present)

    def _applied(self) -> dict[str, str]:
        """Version and time of what is applied, as texts."""
        applied = self._migrations.listed()
        return {each.version: each.applied_at.astimezone(UTC).isoformat() for each in applied if each.applied_at}

    def _seeded(self) -> dict[str, str]:
        manifest = self._backups.manifest(NIGHTLY)
        return seeded_rows.read(self._quickly, manifest) if manifest else {}

    def _fits(self, password: str) -> bool:
        kept = self._ask(_PASSWORD)
        return not kept or scram.fits(str(kept[0][0]), password)

    def _run(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self._ask(statement)

    def _ask(self, statement: str) -> Sequence[Sequence[Any]]:
        return direct.query(self._url, statement, timeout=_SECONDS)[1]

    def _quickly(self, statement: str) -> Sequence[Sequence[Any]]:
        return direct.query(self._url, statement, timeout=_LOOK_SECONDS)[1]
