"""Copies of a database's rows, kept outside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the database's rows, kept outside it: how many of each table, and how large it is, compressed."""

    name: str
    at: datetime
    tables: Mapping[str, int]
    bytes: int


class Backups(Protocol):
    def list(self) -> Sequence[Backup]:
        """What can be restored, the newest first; `nightly` is there from the first `up` on."""
        ...

    def back_up(self, name: str) -> Backup:
        """Copy all rows of the tables as they are at one moment; replaces a backup of that name.

        Raises BadInput for a name that cannot be used; `nightly` is one.
        """
        ...

    def load(self, name: str, schema: str, tables: Collection[str] = ()) -> Mapping[str, int]:
        """Load a backup's tables (or only those named) into a schema beside the live ones; returns rows of each.

        What lay in that schema under these names is replaced; the live tables are not touched. Raises BadInput for
        an unknown backup or table and for the schema `public`, EnvironmentFailed for a backup that is damaged.
        """
        ...
