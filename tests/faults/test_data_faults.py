"""What the faults of data, keys and settings promise beyond being undone: nothing newer is lost, no secret is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.kinds.change_setting import ChangeSetting
from drills.faults.kinds.delete_rows import DeleteRows
from drills.faults.kinds.fill_cache import FillCache
from drills.faults.kinds.fill_disk import FillDisk
from drills.faults.kinds.rotate_credentials import RotateCredentials
from drills.included_shop.faults.abandon_exports import AbandonExports
from drills.included_shop.faults.misuse_key import MisuseKey
from drills.included_shop.names import Service
from drills.included_shop.sandbox import ShopSandbox
from drills.processes.leftovers import until
from drills.sandbox.capabilities.services import Running
from tests.faults.paper_sandbox import PaperSandbox

pytestmark = pytest.mark.slow

SECRET = "nobody-may-read-this"


@contextmanager
def in_place(sandbox: ShopSandbox, fault: Fault) -> Iterator[UndoPlan]:
    """The fault, and its undo however the test ends."""
    fault.check(sandbox)
    plan = fault.undo_plan(sandbox)
    fault.apply(sandbox)
    try:
        yield plan
    finally:
        fault.undo(sandbox, plan)
    fault.verify_undone(sandbox, plan)


def value(sandbox: ShopSandbox, statement: str) -> object:
    return sandbox.database.sql(statement)[1][0][0]


@pytest.fixture
def notes(sandbox: ShopSandbox) -> Iterator[None]:
    """Tables of this test: notes, with columns of all sorts, and words, which follows its deletions."""
    sandbox.database.sql(
        "CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text UNIQUE, raw bytea,"
        ' at timestamptz, "Odd name" numeric(30, 10), tags text[],'
        " upper text GENERATED ALWAYS AS (upper(text)) STORED)"
    )
    sandbox.database.sql(
        """INSERT INTO notes (text, raw, at, "Odd name", tags) VALUES
        (E'it\\'s \\\\ here', '\\x00ff', '2026-03-29 01:30+00', 12345678901234567890.0123456789, '{a,NULL,"b c"}'),
        ('two', NULL, NULL, NULL, NULL), ('three', '', now(), 0, '{}')"""
    )
    sandbox.database.sql("CREATE TABLE words (note int REFERENCES notes ON DELETE CASCADE, word text)")
    yield
    sandbox.database.sql("DROP TABLE words, notes")


def test_rows_of_every_type_come_back_as_they_were(sandbox: ShopSandbox, notes: None) -> None:
    sandbox.database.sql("ALTER TABLE words DROP CONSTRAINT words_note_fkey")
    asked = "SELECT md5(string_agg(n::text, '|' ORDER BY id)) FROM notes AS n"
    before = value(sandbox, asked)
    with in_place(sandbox, DeleteRows(table="notes", where="id < 3")):
        assert value(sandbox, "SELECT count(*) FROM notes") == 1
    assert value(sandbox, asked) == before


def test_rows_that_were_written_since_are_kept(sandbox: ShopSandbox, notes: None) -> None:
    sandbox.database.sql("ALTER TABLE words DROP CONSTRAINT words_note_fkey")
    fault = DeleteRows(table="public.notes", where="id < 3")
    plan = fault.undo_plan(sandbox)
    sandbox.database.sql("UPDATE notes SET text = 'changed after it was saved' WHERE id = 2")
    fault.apply(sandbox)
    assert value(sandbox, "SELECT array_agg(id ORDER BY id) FROM notes") == [2, 3]
    sandbox.database.sql("INSERT INTO notes (id, text) OVERRIDING SYSTEM VALUE VALUES (1, 'restored by hand')")
    fault.undo(sandbox, plan)
    fault.verify_undone(sandbox, plan)
    assert value(sandbox, "SELECT array_agg(text ORDER BY id) FROM notes") == [
        "restored by hand",
        "changed after it was saved",
        "three",
    ]


def test_rows_that_others_follow_and_rows_that_cannot_be_told_apart_are_not_deleted(
    sandbox: ShopSandbox, notes: None
) -> None:
    for table, where, why in (
        ("notes", "true", "table words changes with the deletion"),
        ("words", "true", "has no primary key"),
        ("nowhere", "true", "there is no table"),
        ("products", "id < 0", "has no rows where id < 0"),
        ("orders", "true", "too many to save"),
    ):
        with pytest.raises(FaultImpossible, match=why):
            DeleteRows(table=table, where=where).check(sandbox)


def test_a_rotated_password_keeps_the_app_out_until_it_is_back(sandbox: ShopSandbox) -> None:
    with in_place(sandbox, RotateCredentials(role="shop")) as plan:
        assert "SCRAM-SHA-256" in json.dumps(plan)
        assert not sandbox.health()["app /ready"][0]
    assert until(lambda: sandbox.health()["app /ready"][0], seconds=20)


def test_a_role_that_mends_the_database_keeps_its_password(sandbox: ShopSandbox) -> None:
    with pytest.raises(FaultImpossible, match="is a superuser"):
        RotateCredentials(role="postgres").check(sandbox)
    with pytest.raises(FaultImpossible, match="there is no role nobody"):
        RotateCredentials(role="nobody").check(sandbox)


def test_what_a_responder_did_to_the_cache_is_undone_too(sandbox: ShopSandbox) -> None:
    before = sandbox.fingerprint()
    with in_place(sandbox, FillCache(megabytes=2)):
        sandbox.cache.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        sandbox.cache.command("SET", "session:anybody", "1", "PX", "1")
    assert sandbox.fingerprint() == before


def test_a_revoked_key_ends_the_theft_and_is_valid_again_afterwards(sandbox: ShopSandbox) -> None:
    def seen(outcome: str) -> bool:
        asked = "SELECT count(*) FROM audit_log WHERE address = '203.0.113.7' AND at > now() - interval '2 seconds'"
        return int(str(value(sandbox, f"{asked} AND outcome = '{outcome}'"))) > 0

    with in_place(sandbox, MisuseKey(requests_per_second=20)) as plan:
        assert "pk_lantern." not in json.dumps(plan), "the key itself is in no journal"
        assert until(lambda: seen("allowed"), seconds=20)
        sandbox.database.sql("UPDATE api_keys SET revoked_at = now() WHERE id = 'pk_lantern'")
        sandbox.cache.command("DEL", "partner-session:pk_lantern")
        assert until(lambda: seen("refused") and not seen("allowed"), seconds=20)
    assert value(sandbox, "SELECT revoked_at IS NULL FROM api_keys WHERE id = 'pk_lantern'")


def test_a_stranger_who_is_refused_at_once_does_not_stay(sandbox: ShopSandbox) -> None:
    stranger = MisuseKey(key="pk_harbour")
    plan = stranger.undo_plan(sandbox)
    sandbox.database.sql("UPDATE api_keys SET revoked_at = now() WHERE id = 'pk_harbour'")
    try:
        with pytest.raises(EnvironmentFailed, match="the key was not accepted: 401"):
            stranger.apply(sandbox)
        with pytest.raises(FaultImpossible, match="nobody uses the key"):
            stranger.verify(sandbox)
    finally:
        stranger.undo(sandbox, plan)
    stranger.verify_undone(sandbox, plan)


def test_strangers_speak_to_loopback_only() -> None:
    class Elsewhere(PaperSandbox):
        addresses = {"app": "http://shop.example:80", "state": "/paper/state.json"}

    with pytest.raises(FaultImpossible, match=r"the app is at shop\.example"):
        MisuseKey().check(Elsewhere())


def test_a_secret_is_told_neither_by_the_summary_nor_by_the_evidence() -> None:
    sandbox = PaperSandbox()
    fault = ChangeSetting(setting="webhook-secret", value=SECRET)
    fault.apply(sandbox)
    assert sandbox.settings.values()["webhook_secret"] == SECRET
    assert SECRET not in fault.summary() + fault.verify(sandbox)


def test_an_address_is_told_without_its_password() -> None:
    assert ChangeSetting(setting="database_url", value="postgresql://shop:pw@db:1/shop").summary() == (
        "set database_url to postgresql://…@db:1/shop"
    )


def test_a_full_disk_that_was_mended_by_hand_leaves_nothing_to_undo() -> None:
    sandbox = PaperSandbox()
    fault = FillDisk()
    before, plan = sandbox.fingerprint(), fault.undo_plan(sandbox)
    fault.apply(sandbox)
    assert sandbox.running[Service.DATABASE] is Running.DOWN
    with pytest.raises(EnvironmentFailed, match="No space left"):
        sandbox.services.start("database")
    sandbox.disk.remove(f"dumps/{fault.dump}")
    sandbox.services.start("database")
    sandbox.database.sql("SELECT pg_drop_replication_slot(slot_name) FROM x WHERE slot_name = 'old_replica'")
    sandbox.database.sql("CHECKPOINT")
    changed = len(sandbox.changed)
    fault.undo(sandbox, plan)
    fault.verify_undone(sandbox, plan)
    assert len(sandbox.changed) == changed
    assert sandbox.fingerprint() == before


def test_a_replica_that_is_frozen_does_not_go_on_with_the_connections_that_it_keeps(sandbox: ShopSandbox) -> None:
    with in_place(sandbox, AbandonExports()):
        sandbox.services.pause(Service.APP)
    assert sandbox.health()["app /ready"][0]


def test_an_app_that_was_restarted_has_its_connections_again_and_is_left_alone(
    sandbox: ShopSandbox,
) -> None:
    def processes() -> tuple[int, ...]:
        return next(each.pids for each in sandbox.services.list() if each.name == Service.APP)

    with in_place(sandbox, AbandonExports()):
        assert not sandbox.health()["app /ready"][0]
        idle = "state = 'idle' AND application_name LIKE 'shop %' AND query LIKE '%FROM orders WHERE id < %'"
        kept = value(sandbox, f"SELECT count(*) FROM pg_stat_activity WHERE {idle}")
        assert isinstance(kept, int)
        assert kept > 3, "what a responder sees in the database"
        sandbox.services.restart(Service.APP)
        assert sandbox.health()["app /ready"][0]
        restarted = processes()
    assert processes() == restarted
