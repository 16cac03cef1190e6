"""Migrations run in order, each with its way back, and stop at the first that is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.included import included_root
from drills.included_shop.database.migrations import Migrations, files


class Noting:
    """A database that only knows which migrations are noted; it refuses statements that contain `refused`."""

    def __init__(self, *applied: str) -> None:
        self.applied = dict.fromkeys(applied, datetime(2026, 1, 1, tzinfo=UTC))
        self.ran: list[str] = []

    def __call__(self, statements: str) -> Sequence[Sequence[Any]]:
        if statements.startswith("SELECT"):
            return sorted(self.applied.items())
        if "refused" in statements:
            raise BadInput("the database refuses the statement: no")
        self.ran.append(statements.split(";", 1)[0])
        if noted := re.search(r"INSERT INTO schema_migrations .*'(\d+)'", statements):
            self.applied[noted[1]] = datetime.now(UTC)
        elif noted := re.search(r"DELETE FROM schema_migrations .*'(\d+)'", statements):
            del self.applied[noted[1]]
        return []


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop" / "migrations"
    folder.mkdir(parents=True)
    for version, name in (("0001", "first"), ("0002", "second"), ("0003", "third")):
        (folder / f"{version}_{name}.up.sql").write_text(f"-- The {name}\nUP {version};\n", encoding="utf-8")
        (folder / f"{version}_{name}.down.sql").write_text(f"DOWN {version};\n", encoding="utf-8")
    return tmp_path


def test_every_migration_of_the_shop_says_what_it_does_and_has_a_way_back() -> None:
    found = files(included_root())
    assert len({each.version for each in found}) == len(found)
    assert all(each.summary and each.down.strip() for each in found)


def test_missing_ones_run_the_oldest_first_and_newer_ones_are_reverted_the_newest_first(shop: Path) -> None:
    database = Noting("0001")
    migrations = Migrations(shop, database)
    assert migrations.migrate("0003") == ("0002", "0003")
    assert migrations.migrate("0003") == ()
    assert migrations.migrate("0001_first") == ("0003", "0002")
    assert database.ran == ["-- The second\nUP 0002", "-- The third\nUP 0003", "DOWN 0003", "DOWN 0002"]
    assert [(each.summary, each.applied_at is None) for each in migrations.listed()] == [
        ("The first", False),
        ("The second", True),
        ("The third", True),
    ]


def test_those_before_a_refused_one_stay(shop: Path) -> None:
    (shop / "shop/migrations/0003_third.up.sql").write_text("-- refused\nUP;", encoding="utf-8")
    database = Noting("0001")
    with pytest.raises(BadInput, match="migration 0003_third: the database refuses"):
        Migrations(shop, database).migrate("0003")
    assert set(database.applied) == {"0001", "0002"}


def test_a_migration_without_a_way_back_is_an_error_that_names_the_file(shop: Path) -> None:
    (shop / "shop/migrations/0002_second.down.sql").unlink()
    with pytest.raises(EnvironmentFailed, match=r"0002_second\.down\.sql"):
        Migrations(shop, Noting())
