"""A sandbox on paper that also has what the commands tell: releases and changes with their times, figures, backups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.capabilities.backups import Backup
from drills.sandbox.capabilities.changes import Change
from drills.sandbox.capabilities.releases import Release
from drills.sandbox.capabilities.resources import ServiceStats
from tests.faults.paper_sandbox import PaperSandbox

MB = 2**20
NIGHTLY = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


class ShopOnPaper(PaperSandbox):
    """`asked` notes how far back logs and changes were read."""

    def __init__(self, folder: Path, provider: str = "") -> None:
        super().__init__()
        self.deployed_at = datetime.now(UTC) - timedelta(minutes=3, seconds=5)
        self.made = [Backup("nightly", NIGHTLY, {"customers": 2000, "orders": 5000}, 3 * MB)]
        self.loaded: list[tuple[str, str, tuple[str, ...]]] = []
        self.sizes: list[tuple[str, int | None, float | None]] = []
        self.asked: set[timedelta | None] = set()
        self.database_answers = True
        self.heartbeats = folder / "heartbeats"
        self._addresses = {"external-api": provider}

    @property
    def addresses(self) -> Mapping[str, str]:
        return self._addresses

    def releases_list(self) -> Sequence[Release]:
        return [
            Release("1.1.0", "a new search", self.deployed_at, True),
            Release("1.0.0", "the first", self.deployed_at - timedelta(days=7), False),
            Release("1.2.0", "not yet", None, False),
        ]

    def changes_list(self, since: timedelta | None = None) -> Sequence[Change]:
        self.asked.add(since)
        age = datetime.now(UTC) - self.deployed_at
        return [Change(self.deployed_at, "release 1.1.0 deployed")] if since is None or age <= since else []

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        self.asked.add(since)
        return [f"an error of {service}"]

    def stats(self) -> Sequence[ServiceStats]:
        return [
            ServiceStats("app", 2, 300 * MB, 1024 * MB, 0.5, 2.0, 1, 3, None, None, 4),
            ServiceStats("database", 1, 90 * MB, None, 0.25, None, 0, 0, 100 * MB, 640 * MB, 12),
        ]

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        self.sizes.append((service, memory_mb, cpus))

    def backups_list(self) -> Sequence[Backup]:
        return self.made

    def back_up(self, name: str) -> Backup:
        if name == "nightly":
            raise BadInput("nightly is made by the sandbox itself")
        self.made.insert(0, Backup(name, datetime.now(UTC), {"customers": 2001, "orders": 5010}, 3 * MB))
        return self.made[0]

    def load_backup(self, name: str, schema: str, tables: Collection[str] = ()) -> Mapping[str, int]:
        known = next(each for each in self.made if each.name == name)
        self.loaded.append((name, schema, tuple(tables)))
        return {table: rows for table, rows in known.tables.items() if not tables or table in tables}

    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        if not self.database_answers:
            raise EnvironmentFailed("the database does not answer: connection refused")
        return ["count"], [[7]]

    def redis(self, *words: str) -> Any:
        return [] if words[0] == "SLOWLOG" else {"used_memory_human": "2.00M"}

    def health(self) -> Mapping[str, tuple[bool, str]]:
        return {"app": (True, "200"), "database": (self.database_answers, "answers")}
