"""Changes of a database's tables that come with releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Migration:
    """A change of the database's tables that can be applied and reverted; `applied_at` is None when it is not in."""

    version: str
    summary: str
    applied_at: datetime | None


class Migrations(Protocol):
    def list(self) -> Sequence[Migration]:
        """Every migration, the oldest first. Raises EnvironmentFailed when the database is down."""
        ...

    def migrate(self, to: str) -> tuple[str, ...]:
        """Apply the migrations up to that version and revert those after it; "0000" reverts all.

        Returns the versions applied or reverted, in order. Raises BadInput for an unknown version, and when the
        database refuses one; those before it stay.
        """
        ...
