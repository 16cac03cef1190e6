"""Migrations of the shop's database: pairs of files NNNN_name.up.sql and NNNN_name.down.sql, told by their first line.

Which of them have run stands in the database itself (`schema_migrations`), written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox.capabilities.migrations import Migration

#: Runs one or more statements as one transaction, and gives the first one's rows.
Ask = Callable[[str], Sequence[Sequence[Any]]]

NONE = "0000"
"""The version before the first one."""

_APPLIED = "SELECT version, applied_at FROM schema_migrations ORDER BY version"


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One migration as it lies in the shop's folder."""

    version: str
    name: str
    summary: str
    up: str
    down: str


def files(shop_root: Path) -> tuple[MigrationFile, ...]:
    """All of them, the oldest first. Raises EnvironmentFailed when they cannot be read, or lack their way back."""
    folder = shop_root / "shop" / "migrations"
    found = []
    try:
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.up.sql")):
            version, _, name = path.name.removesuffix(".up.sql").partition("_")
            up = path.read_text(encoding="utf-8")
            down = path.with_name(f"{version}_{name}.down.sql").read_text(encoding="utf-8")
            summary = up.split("\n", 1)[0].removeprefix("--").strip()
            found.append(MigrationFile(version, name, summary, up, down))
    except OSError as error:
        raise EnvironmentFailed(f"{error.filename}: cannot be read: {error.strerror}") from error
    return tuple(found)


class Migrations:
    """The migrations of one database. `ask` reaches it as its owner; callers hold the sandbox's change lock."""

    def __init__(self, shop_root: Path, ask: Ask) -> None:
        self._files = files(shop_root)
        self._ask = ask

    def listed(self) -> tuple[Migration, ...]:
        """Every migration, the oldest first, with the time at which it was applied."""
        applied = {str(version): at for version, at in self._ask(_APPLIED)}
        return tuple(Migration(each.version, each.summary, applied.get(each.version)) for each in self._files)

    def migrate(self, to: str) -> tuple[str, ...]:
        """Apply what is missing up to that version, the oldest first, and revert what is newer, the newest first.

        `to` is a version, or the whole name of its file; "0000" reverts all. Returns the versions that were applied
        or reverted. Each is a transaction of its own: when one is refused, those before it stay.
        Raises BadInput for an unknown version and for what the database refuses.
        """
        target = self._version(to)
        applied = {str(version) for version, _at in self._ask(_APPLIED)}
        newer = [each for each in reversed(self._files) if each.version > target and each.version in applied]
        missing = [each for each in self._files if each.version <= target and each.version not in applied]
        for each in newer:
            self._run(each, each.down, f"DELETE FROM schema_migrations WHERE version = '{each.version}'")
        for each in missing:
            self._run(each, each.up, f"INSERT INTO schema_migrations (version) VALUES ('{each.version}')")
        return tuple(each.version for each in (*newer, *missing))

    def _run(self, migration: MigrationFile, statements: str, note: str) -> None:
        try:
            self._ask(f"{statements.rstrip().rstrip(';')};\n{note}")
        except BadInput as error:
            raise BadInput(f"migration {migration.version}_{migration.name}: {error}") from error

    def _version(self, to: str) -> str:
        known = {each.version: each.version for each in self._files}
        known |= {f"{each.version}_{each.name}": each.version for each in self._files} | {NONE: NONE}
        if to not in known:
            raise BadInput(f"there is no migration {to!r}; {suggest(to, [each.version for each in self._files])}")
        return known[to]


def noted(wanted: Mapping[str, str]) -> str:
    """Statements after which just these are noted as applied, each at its time (ISO 8601); nothing is run."""
    pairs = ", ".join(
        f"({sql.Literal(version).as_string()}, {sql.Literal(at).as_string()}::timestamptz)"
        for version, at in sorted(wanted.items())
    )
    return "DELETE FROM schema_migrations" + (f"; INSERT INTO schema_migrations VALUES {pairs}" if pairs else "")
