"""`backups`, `back-up`, `load-backup`, `disk`, `migrate`: what the database can be brought back to."""

from __future__ import annotations

import re

import pytest

from tests.cli.sandbox.shop_on_paper import ShopOnPaper
from tests.cli.sandbox.typing_in import printed, refused


def test_a_backup_that_was_made_is_listed_before_the_nightly_one(shop: ShopOnPaper) -> None:
    assert printed("sandbox", "back-up", "before-the-repair") == ["before-the-repair: 7011 rows, 3.0 MB"]
    *_, made, nightly = printed("sandbox", "backups")
    assert made.startswith("before-the-repair")
    assert nightly.startswith("nightly")
    assert "2026-11-21 03:00:00 UTC" in nightly
    assert nightly.endswith("customers 2000, orders 5000")


@pytest.mark.usefixtures("shop")
def test_a_backup_of_a_name_that_cannot_be_used_is_refused() -> None:
    assert refused("sandbox", "back-up", "nightly") == "nightly is made by the sandbox itself"


def test_a_backup_is_loaded_beside_the_live_tables(shop: ShopOnPaper) -> None:
    assert printed("sandbox", "load-backup", "nightly") == [
        "restored.customers  2000 rows",
        "restored.orders  5000 rows",
    ]
    only = printed("sandbox", "load-backup", "nightly", "--into", "old", "--table", "orders")
    assert only == ["old.orders  5000 rows"]
    assert shop.loaded == [("nightly", "restored", ()), ("nightly", "old", ("orders",))]


def test_the_disk_shows_dumps_and_a_dump_that_is_removed_frees_its_room(shop: ShopOnPaper) -> None:
    shop.dumps = {"old.sql": 64 * 2**20, "tiny.sql": 10}
    first, *entries = printed("sandbox", "disk")
    assert first == "64.0 MB of 256.0 MB used (25%), 192.0 MB free"
    assert [line.split() for line in entries] == [["64.0", "MB", "dumps/old.sql"], ["0.0", "MB", "dumps/tiny.sql"]]
    said, after, *_ = printed("sandbox", "disk", "--remove", "dumps/old.sql")
    assert said == "dumps/old.sql removed, 64.0 MB freed"
    assert after.startswith("0.0 MB of 256.0 MB used (0%)")


def test_migrations_are_listed_with_their_times_and_the_last_one_is_reverted(shop: ShopOnPaper) -> None:
    *_, second, third = printed("sandbox", "migrate")
    assert re.match(r"0002  applied 2026-01-01 00:00:00 UTC", second)
    assert re.match(r"0003  not applied", third)
    printed("sandbox", "migrate", "--down")
    assert shop.migrated == "0001"
