"""A backup that is damaged or half made is never taken for one."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.included_shop.database.backups import Backups, Manifest, TableCopy, adopt

NOBODY = "postgresql://nobody@127.0.0.1:1/none"
NIGHT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def written(folder: Path, name: str, at: datetime = NIGHT) -> Path:
    """A backup of one table of one row."""
    place = folder / name
    place.mkdir(parents=True)
    rows = gzip.compress(b"1\tlamp\n")
    (place / "products.gz").write_bytes(rows)
    copy = TableCopy(
        name="products",
        columns=("id", "name"),
        types=("integer", "text"),
        rows=1,
        bytes=len(rows),
        sha256=hashlib.sha256(rows).hexdigest(),
    )
    (place / "manifest.json").write_text(Manifest(at=at, tables=(copy,)).model_dump_json(), encoding="utf-8")
    return place


def test_backups_are_listed_the_newest_first_and_half_made_ones_are_not(tmp_path: Path) -> None:
    written(tmp_path, "nightly")
    written(tmp_path, "later", NIGHT.replace(hour=9))
    (tmp_path / ".making-x").mkdir()
    (written(tmp_path, "torn") / "manifest.json").write_text("{", encoding="utf-8")
    listed = Backups(tmp_path, NOBODY).listed()
    assert [(backup.name, backup.tables) for backup in listed] == [
        ("later", {"products": 1}),
        ("nightly", {"products": 1}),
    ]


@pytest.mark.parametrize("damage", [b"other rows", None])
def test_a_damaged_file_is_noticed_before_anything_is_loaded(tmp_path: Path, damage: bytes | None) -> None:
    file = written(tmp_path, "nightly") / "products.gz"
    file.unlink() if damage is None else file.write_bytes(damage)
    with pytest.raises(EnvironmentFailed, match=r"backup nightly is damaged: .*products\.gz"):
        Backups(tmp_path, NOBODY).load("nightly", "restored")


def test_a_backup_that_cannot_be_made_leaves_nothing_and_the_former_one(tmp_path: Path) -> None:
    written(tmp_path, "mine")
    backups = Backups(tmp_path, NOBODY)
    with pytest.raises(EnvironmentFailed, match="does not answer"):
        backups.back_up("mine", NIGHT)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert backups.listed()[0].at == NIGHT
    with pytest.raises(BadInput, match="small letters"):
        backups.back_up("Mine!", NIGHT)


def test_the_backup_that_comes_with_the_seeded_rows_is_of_the_time_it_is_given(tmp_path: Path) -> None:
    made = written(tmp_path / "cache", "nightly")
    adopt(made, tmp_path / "backups", "nightly", NIGHT.replace(day=22))
    [adopted] = Backups(tmp_path / "backups", NOBODY).listed()
    assert adopted.at == NIGHT.replace(day=22)
