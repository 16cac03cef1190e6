"""Migrations of the shop's database, over SQL as its owner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from drills.included_shop.database.migrations import Migrations
from drills.included_shop.ground import Ground
from drills.sandbox import change_history, direct
from drills.sandbox.capabilities.migrations import Migration

_SECONDS = 60.0


class ShopMigrations:
    """See `drills.sandbox.capabilities.migrations.Migrations`; brought back with the database."""

    def __init__(self, ground: Ground, owner_url: Callable[[], str]) -> None:
        self._ground = ground
        self._owner_url = owner_url

    @property
    def _files(self) -> Migrations:
        return Migrations(self._ground.shop_root, self._ask)

    def _ask(self, statements: str) -> Sequence[Sequence[Any]]:
        return direct.query(self._owner_url(), statements, timeout=_SECONDS)[1]

    def list(self) -> Sequence[Migration]:
        return self._files.listed()

    def migrate(self, to: str) -> tuple[str, ...]:
        with self._ground.lock.held():
            before = {each.version for each in self.list() if each.applied_at}
            done: tuple[str, ...] = ()
            try:
                done = self._files.migrate(to)
            finally:
                # Also what was done before one of them was refused.
                for each in self.list():
                    if (each.version in before) != (each.applied_at is not None):
                        verb = "applied" if each.applied_at else "reverted"
                        change_history.note(self._ground.store, f"migration {each.version} {verb}: {each.summary}")
            return done
