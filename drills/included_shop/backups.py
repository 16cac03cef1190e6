"""Backups of the shop's database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from drills.errors import BadInput
from drills.included_shop.database.backups import NIGHTLY, Backups
from drills.sandbox.capabilities.backups import Backup


class ShopBackups:
    """See `drills.sandbox.capabilities.backups.Backups`. What lies in `folder` stays when a drill ends."""

    def __init__(self, folder: Path, owner_url: Callable[[], str]) -> None:
        self._folder = folder
        self._owner_url = owner_url

    @property
    def files(self) -> Backups:
        return Backups(self._folder, self._owner_url())

    def list(self) -> Sequence[Backup]:
        return self.files.listed()

    def back_up(self, name: str) -> Backup:
        if name == NIGHTLY:
            raise BadInput(f"{NIGHTLY} is last night's backup, and stays: give another name")
        return self.files.back_up(name, datetime.now(UTC))

    def load(self, name: str, schema: str, tables: Collection[str] = ()) -> Mapping[str, int]:
        return self.files.load(name, schema, tables)

    def provide_nightly(self) -> None:
        """Make the one of last night when it is missing."""
        if self.files.manifest(NIGHTLY) is None:
            self.files.back_up(NIGHTLY, datetime.now(UTC))
