"""What every driver promises about its database: migrations, backups, the app's password, a bounded disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.included_shop.names import Service
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox
from tests.included_shop.test_conformance import eventually, get, ready, status_of

pytestmark = pytest.mark.slow

BAD_MIGRATION = "0005"


def check_out(sandbox: Sandbox) -> int:
    body = {"customer": 7, "items": [1, 2]}
    return httpx.post(f"{sandbox.addresses['app']}/checkout", json=body, timeout=15, trust_env=False).status_code


def count(sandbox: Sandbox, rows: str) -> int:
    return int(sandbox.database.sql(f"SELECT count(*) FROM {rows}")[1][0][0])


def end_sessions(sandbox: Sandbox) -> None:
    sandbox.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop'")


# --- migrations


def test_migrations_are_listed_with_what_they_do_and_none_of_them_is_new(sandbox: Sandbox) -> None:
    listed = sandbox.migrations.list()
    assert [each.version for each in listed] == sorted(each.version for each in listed)
    assert all(each.summary for each in listed)
    applied = [each.applied_at for each in listed if each.applied_at]
    assert len(applied) == len(listed) - 1
    assert max(applied) < datetime.now(UTC) - timedelta(days=2), "no suspect in a drill"


def test_a_bad_migration_fails_users_whatever_release_runs_until_it_is_reverted(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    [good] = [each.version for each in sandbox.migrations.list() if each.applied_at][-1:]
    orders = count(sandbox, "orders")
    assert sandbox.migrations.migrate(BAD_MIGRATION) == (BAD_MIGRATION,)
    assert sandbox.migrations.migrate(BAD_MIGRATION) == ()
    assert sandbox.changes.list()[0].what.startswith(f"migration {BAD_MIGRATION} applied: ")
    for release in ("1.0.0", "1.1.0"):
        sandbox.releases.deploy(release)
        assert (check_out(sandbox), get(sandbox, "/orders?customer=7").status_code) == (500, 500)
        assert get(sandbox, "/search?q=lamp").status_code == 200, "what it did not touch goes on"
    assert sandbox.migrations.migrate(good) == (BAD_MIGRATION,)
    assert (check_out(sandbox), get(sandbox, "/orders?customer=7").status_code) == (201, 200)
    assert count(sandbox, "orders") == orders + 1, "and no row was lost"
    assert sandbox.fingerprint().states["database"] == before.states["database"]


def test_an_unknown_migration_is_bad_input_and_a_refused_one_says_which(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match=r"no migration '0050'.*0005"):
        sandbox.migrations.migrate("0050")
    sandbox.database.sql("ALTER TABLE orders ADD COLUMN currency text")
    with pytest.raises(BadInput, match=r"migration 0005_order_currency: .*currency"):
        sandbox.migrations.migrate(BAD_MIGRATION)
    assert sandbox.migrations.list()[-1].applied_at is None, "all of it or nothing"


# --- backups


def test_lost_rows_are_taken_from_last_nights_backup_and_newer_ones_stay(sandbox: Sandbox) -> None:
    nightly = next(backup for backup in sandbox.backups.list() if backup.name == "nightly")
    assert nightly.tables["products"] == count(sandbox, "products")
    assert {"customers", "products", "orders", "order_lines"} <= nightly.tables.keys()
    sandbox.database.sql("INSERT INTO products VALUES (9001, 'new lamp', 'lighting', 100, 1)")
    sandbox.database.sql("DELETE FROM products WHERE category = 'lighting' AND id < 9001")
    assert sandbox.backups.load("nightly", "restored", ["products"]) == {"products": 1600}
    sandbox.database.sql("INSERT INTO products SELECT * FROM restored.products ON CONFLICT DO NOTHING")
    assert count(sandbox, "products WHERE category = 'lighting'") == 201
    sandbox.database.sql("DELETE FROM products WHERE id = 9001")


def test_a_backup_holds_what_was_there_when_it_was_made(sandbox: Sandbox) -> None:
    sandbox.database.sql("UPDATE products SET name = E'tab\\tand\\nline' WHERE id = 1")
    made = sandbox.backups.back_up("before-change")
    assert sandbox.backups.back_up("before-change").tables == made.tables, "one of that name is replaced"
    assert [backup.name for backup in sandbox.backups.list()] == ["before-change", "nightly"]
    sandbox.database.sql("UPDATE products SET name = 'other' WHERE id = 1")
    loaded = sandbox.backups.load("before-change", "restored")
    assert loaded == made.tables
    assert sandbox.backups.load("before-change", "restored") == loaded, "loading twice is loading once"
    assert sandbox.database.sql("SELECT name FROM restored.products WHERE id = 1")[1][0][0] == "tab\tand\nline"
    assert count(sandbox, "restored.orders") == count(sandbox, "orders")


def test_what_cannot_be_backed_up_or_loaded_is_told_with_what_can(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match="nightly is last night's"):
        sandbox.backups.back_up("nightly")
    with pytest.raises(BadInput, match="name"):
        sandbox.backups.back_up("../nightly")
    with pytest.raises(BadInput, match=r"no backup 'nightl'.*nightly"):
        sandbox.backups.load("nightl", "restored")
    with pytest.raises(BadInput, match=r"no table 'product'.*products"):
        sandbox.backups.load("nightly", "restored", ["product"])
    for live in ("public", "pg_catalog", "Restored; DROP"):
        with pytest.raises(BadInput, match="another schema"):
            sandbox.backups.load("nightly", live)


# --- the password of the app's role


def test_the_database_asks_the_app_for_its_password(sandbox: Sandbox) -> None:
    address = sandbox.addresses["database-app"]
    psycopg.connect(address).close()
    wrong = address.replace(sandbox.settings.values()["database_password"], "wrong-password")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_a_rotated_password_fails_the_app_until_role_and_setting_agree(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.database.sql("ALTER ROLE shop PASSWORD 'nobody-knows-it'")
    end_sessions(sandbox)
    assert get(sandbox, "/orders?customer=7").status_code == 503
    assert sandbox.fingerprint().differences(before) == ("database.passwords.shop: another → as set",)
    sandbox.database.sql("ALTER ROLE shop PASSWORD 'a-new-password'")
    sandbox.settings.set({"database-password": "a-new-password"})
    assert eventually(lambda: ready(sandbox))
    psycopg.connect(sandbox.addresses["database-app"]).close()
    sandbox.restore(before)
    assert eventually(lambda: ready(sandbox))
    assert sandbox.fingerprint().differences(before) == ()


# --- the disk


@pytest.fixture
def disk(sandbox: Sandbox) -> Sandbox:
    if Capability.DISK not in sandbox.capabilities:
        pytest.skip(sandbox.unavailable[Capability.DISK])
    return sandbox


def dump(sandbox: Sandbox, name: str, megabytes: int) -> None:
    rows = f"SELECT repeat('x', 1023) FROM generate_series(1, {megabytes * 1024})"
    sandbox.database.sql(f"COPY ({rows}) TO '{sandbox.disk.usage().dumps}/{name}'", timeout=60)


def fill_with_wal(sandbox: Sandbox) -> None:
    sandbox.database.sql("SELECT pg_create_physical_replication_slot('abandoned', true)")
    message = "pg_logical_emit_message(false, 'job', repeat('x', 1000000))"
    with pytest.raises(EnvironmentFailed):
        sandbox.database.sql(f"SELECT count({message}) FROM generate_series(1, 2000)", timeout=60)
    assert eventually(lambda: status_of(sandbox, Service.DATABASE) is Running.DOWN), "it can write no WAL, and ends"


def test_the_disk_tells_what_lies_on_it_and_only_dumps_are_removed(disk: Sandbox) -> None:
    empty = disk.disk.usage()
    assert empty.total < 2**30
    assert abs(empty.used + empty.free - empty.total) < 2**20
    assert {"base", "pg_wal"} <= empty.entries.keys()
    dump(disk, "forgotten.sql", 8)
    assert disk.disk.usage().entries["dumps/forgotten.sql"] == pytest.approx(8 * 2**20, rel=0.01)
    for name in ("base", "dumps", "dumps/../data/base", "dumps/..", "/etc/passwd", ""):
        with pytest.raises(BadInput, match="dumps/"):
            disk.disk.remove(name)
    assert disk.disk.remove("dumps/forgotten.sql") == pytest.approx(8 * 2**20, rel=0.01)
    assert disk.disk.remove("dumps/forgotten.sql") == 0
    assert disk.disk.usage().entries.keys() == empty.entries.keys()


def test_a_full_disk_stops_the_database_and_a_removed_dump_lets_it_recover(disk: Sandbox) -> None:
    dump(disk, "forgotten.sql", disk.disk.usage().free // 2**20 - 100)
    fill_with_wal(disk)
    with pytest.raises(EnvironmentFailed, match="did not come up"):
        disk.services.start(Service.DATABASE)
    assert disk.disk.usage().free < 16 * 2**20
    assert disk.disk.remove("dumps/forgotten.sql")
    disk.services.start(Service.DATABASE)
    assert count(disk, "orders") >= 360_000
    disk.database.sql("SELECT pg_drop_replication_slot('abandoned')")
    disk.database.sql("CHECKPOINT")
    assert disk.disk.usage().free > disk.disk.usage().total // 2


def test_restoring_mends_a_full_disk(disk: Sandbox) -> None:
    before = disk.fingerprint()
    dump(disk, "forgotten.sql", disk.disk.usage().free // 2**20 - 60)
    fill_with_wal(disk)
    assert disk.restore(before)
    assert disk.fingerprint().differences(before) == ()
    assert disk.disk.usage().free > disk.disk.usage().total // 2


# --- the whole of it


def test_restoring_brings_the_tables_back_and_keeps_the_users_orders(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    assert check_out(sandbox) == 201
    newest = sandbox.database.sql("SELECT max(id) FROM orders")[1][0][0]
    for statement in (
        "UPDATE customers SET name = name || '?' WHERE id < 10",
        "DELETE FROM orders WHERE id BETWEEN 5 AND 20000",
        "ALTER TABLE customers DROP CONSTRAINT customers_name_key",
        "ALTER TABLE customers ALTER password_salt DROP NOT NULL",
        "ALTER TABLE orders ALTER created_at DROP DEFAULT",
        "ALTER TABLE orders RENAME COLUMN payment TO paid_by",
        "ALTER TABLE orders ADD CONSTRAINT wrong CHECK (total_cents < 0) NOT VALID",
        "CREATE TRIGGER stray BEFORE UPDATE ON orders"
        " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE TABLE stray (id integer)",
        "DROP TABLE products",
        "REVOKE INSERT ON orders FROM shop",
        "CREATE SCHEMA restored",
        "SELECT pg_create_physical_replication_slot('abandoned', true)",
        "ALTER ROLE shop PASSWORD NULL",
    ):
        sandbox.database.sql(statement)
    assert sandbox.restore(before)
    assert sandbox.fingerprint().differences(before) == ()
    assert sandbox.database.sql("SELECT max(id) FROM orders")[1][0][0] == newest
    assert eventually(lambda: check_out(sandbox) == 201)


def test_restoring_reverts_and_applies_migrations_and_keeps_their_times(sandbox: Sandbox) -> None:
    before, listed = sandbox.fingerprint(), sandbox.migrations.list()
    sandbox.migrations.migrate(BAD_MIGRATION)
    sandbox.restore(before)
    sandbox.migrations.migrate("0002")
    sandbox.restore(before)
    assert sandbox.migrations.list() == listed
    assert sandbox.fingerprint().differences(before) == ()
