"""A database, asked directly: around any proxy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Database(Protocol):
    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Run one statement, autocommit; `timeout` in seconds. Returns column names and rows.

        Raises BadInput when the database refuses it, EnvironmentFailed when it does not answer in time.
        """
        ...
