"""Migrations and backups of a sandbox's database: the same for every driver, over SQL as the database's owner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drills.errors import BadInput
from drills.sandbox import change_history, direct
from drills.sandbox.capabilities.backups import Backup
from drills.sandbox.capabilities.migrations import Migration
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.database.backups import NIGHTLY, Backups
from drills.sandbox.database.mending import DatabaseMending
from drills.sandbox.database.mending import State as DatabaseState
from drills.sandbox.database.migrations import Migrations
from drills.sandbox.flat import Flat
from drills.sandbox.state import StateStore

_MIGRATION_SECONDS = 60.0


class KeepsDatabase(Flat, ABC):
    """What a driver inherits; it provides its change lock and its state, and what is abstract here."""

    _lock: ChangeLock
    _shop_root: Path
    """The folder in which `shop/` lies."""
    _backup_folder: Path
    """Where backups are kept, outside the database's disk."""
    _store: StateStore

    @abstractmethod
    def _owner_url(self) -> str:
        """The database as its owner, around Toxiproxy. Raises EnvironmentFailed while the sandbox is down."""

    @property
    def _migrations(self) -> Migrations:
        def ask(statements: str) -> Sequence[Sequence[Any]]:
            return direct.query(self._owner_url(), statements, timeout=_MIGRATION_SECONDS)[1]

        return Migrations(self._shop_root, ask)

    @property
    def _backups(self) -> Backups:
        return Backups(self._backup_folder, self._owner_url())

    @property
    def _database(self) -> DatabaseMending:
        return DatabaseMending(self._owner_url(), self._shop_root, self._backups)

    def read_database(self, password: str) -> DatabaseState:
        """All of it that a drill may change; `password` is the app's. Raises EnvironmentFailed."""
        return self._database.read(password)

    def mend_database(self, wanted: DatabaseState, password: str) -> bool:
        """Bring it back to that state; whether it must be restarted to put that in effect."""
        return self._database.mend(wanted, password)

    def migrations_list(self) -> Sequence[Migration]:
        return self._migrations.listed()

    def migrate(self, to: str) -> tuple[str, ...]:
        with self._lock.held():
            before = {each.version for each in self.migrations_list() if each.applied_at}
            done: tuple[str, ...] = ()
            try:
                done = self._migrations.migrate(to)
            finally:
                # Also what was done before one of them was refused.
                for each in self.migrations_list():
                    if (each.version in before) != (each.applied_at is not None):
                        verb = "applied" if each.applied_at else "reverted"
                        change_history.note(self._store, f"migration {each.version} {verb}: {each.summary}")
            return done

    def backups_list(self) -> Sequence[Backup]:
        return self._backups.listed()

    def back_up(self, name: str) -> Backup:
        if name == NIGHTLY:
            raise BadInput(f"{NIGHTLY} is last night's backup, and stays: give another name")
        return self._backups.back_up(name, datetime.now(UTC))

    def load_backup(self, name: str, schema: str, tables: Collection[str] = ()) -> Mapping[str, int]:
        return self._backups.load(name, schema, tables)
