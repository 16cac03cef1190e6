"""A store that version 0.1 left, whose runner was killed with four faults in place: this version settles them all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.drill.recovery import recover
from drills.included import included_root
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
from drills.model.scorecard import DrillResult
from drills.sandbox.capabilities.links import Toxic
from drills.sandbox.capabilities.services import Running
from drills.store.journal import Journal
from drills.store.store import Store

pytestmark = pytest.mark.slow

#: Dumped from the store of a real drill (`sqlite3 drills.db .dump`): link-latency, drop-index, external-api-blocked and
#: kill-service were in force, and the sandbox was to be brought back, and taken down, when its runner was killed.
DUMP = Path(__file__).parents[1] / "store" / "version-0.1.sql"
INDEX = "orders_customer_idx"


@pytest.fixture
def old_store(tmp_path: Path) -> Iterator[Store]:
    with sqlite3.connect(tmp_path / "drills.db") as database:
        database.executescript(DUMP.read_text(encoding="utf-8"))
    database.close()
    store = Store.open(f"sqlite:///{tmp_path}/drills.db")
    yield store
    store.close()


@pytest.fixture
def broken(tmp_path: Path, template_cache: Path) -> Iterator[ShopSandbox]:
    """As that drill left it: with what this version adds to a database missing."""
    local = ShopSandbox(LocalDriver(tmp_path / "sandbox", included_root(), "default", cache_dir=template_cache))
    local.up()
    try:
        local.database.sql(f"DROP INDEX {INDEX}")
        local.database.sql("DROP TABLE schema_migrations")
        local.links.add_toxic("app-database", Toxic("latency", "latency", attributes={"latency": 100}))
        local.links.add_toxic("app-external-api", Toxic("timeout", "timeout", attributes={"timeout": 0}))
        local.services.kill("cache")
        yield local
    finally:
        ShopSandbox.down(local)  # a test puts another one in its place


def test_what_version_0_1_owes_is_settled(old_store: Store, broken: ShopSandbox, tmp_path: Path) -> None:
    assert len(Journal(old_store).owed("default")) == 6
    undone: dict[str, object] = {}
    taken_down = broken.down

    def down() -> None:
        """The last undo takes the sandbox down: check it before."""
        undone["indexes"] = broken.database.sql(f"SELECT 1 FROM pg_indexes WHERE indexname = '{INDEX}'")[1]
        undone["toxics"] = {link.name: link.toxics for link in broken.links.list() if link.toxics}
        undone["down"] = {each.name for each in broken.services.list() if each.running is Running.DOWN}
        taken_down()

    broken.down = down  # type: ignore[method-assign]
    report = recover(old_store, broken, "default", tmp_path)
    assert report.owed == ()
    assert {row.summary for row in report.settled} >= {"kill cache", f"drop index {INDEX}", "block the external API"}
    assert undone["indexes"]
    assert (undone["toxics"], undone["down"]) == ({}, set())
    assert not broken.is_up()
    (record,) = old_store.drills()
    assert record.result is DrillResult.ABORTED
