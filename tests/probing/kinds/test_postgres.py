"""PostgreSQL probes against a real server that works, waits, freezes and dies."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import threading
from contextlib import ExitStack, suppress

import psycopg
import pytest

from drills.errors import BadInput
from drills.model.probe import Outcome
from tests.probing.checking import Checked, both_ways, probe, run_probe
from tests.probing.conftest import Server


def test_a_query_and_the_measures_of_a_server_that_works(database: Server) -> None:
    checked = asyncio.run(
        run_probe(
            "postgres",
            {"url": database.url, "query": "SELECT 3 AS answer", "disk-limit": 1_000_000_000},
            asserts=[
                "rows[0].answer == 3",
                "connections_by_state.active >= 1",
                "connections < max_connections",
                "lock_waits == 0",
                "size(table_sizes) == 0",
                "time.total < 3.0",
            ],
        )
    )
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert set(checked.seen.metrics) == {"database_connections", "longest_query", "lock_waits", "disk"}
    assert 0 < checked.seen.metrics["database_connections"] < 1
    assert checked.seen.metrics["longest_query"] == 0
    assert list(checked.seen.phases) == ["connect", "first-byte", "total"]


def test_who_waits_for_a_lock_and_the_longest_query_are_seen(database: Server) -> None:
    async def checked() -> Checked:
        holder = await psycopg.AsyncConnection.connect(database.url)
        waiter = await psycopg.AsyncConnection.connect(database.url)
        await holder.execute("CREATE TABLE held (id int)")
        await holder.commit()
        await holder.execute("LOCK TABLE held")
        waiting = asyncio.create_task(waiter.execute("SELECT * FROM held"))
        try:
            while not (found := await run_probe("postgres", {"url": database.url})).seen.metrics.get("lock_waits"):
                assert found.outcome is Outcome.PASS
            return found
        finally:
            await holder.execute("DROP TABLE held")
            await holder.commit()
            await asyncio.gather(waiting, return_exceptions=True)
            await holder.close()
            await waiter.close()

    found = asyncio.run(checked())
    assert found.seen.metrics["lock_waits"] == 1
    assert found.seen.metrics["longest_query"] > 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"query": "SELECT nothing"}, 'column "nothing" does not exist'),
        ({"query": "SELECT pg_sleep(9)"}, "canceling statement due to statement timeout"),
        ({"database": "other"}, 'database "other" does not exist'),
    ],
)
def test_what_the_server_refuses_is_told_in_one_line(database: Server, change: dict[str, str], reason: str) -> None:
    url = database.url.removesuffix("postgres") + change.pop("database", "postgres")
    checked = asyncio.run(run_probe("postgres", {"url": url, **change}, timeout="500ms"))
    assert checked.outcome is Outcome.FAIL
    assert checked.reason in (reason, "no answer within 0.5 s")


def test_a_server_that_dies_in_the_middle_of_a_check_fails_with_one_line(database: Server) -> None:
    async def checked() -> Checked:
        check = asyncio.create_task(
            run_probe("postgres", {"url": database.url, "query": "SELECT pg_sleep(20)"}, timeout="20s")
        )
        while not await asyncio.to_thread(_somebody_sleeps, database.url):
            pass
        database.kill()
        return await check

    found = asyncio.run(checked())
    assert found.outcome is Outcome.FAIL
    assert found.reason
    assert "\n" not in found.reason
    assert "total" not in found.seen.phases


def _somebody_sleeps(url: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").fetchone()
    return found is not None and found[0] == 1


def test_a_frozen_server_fails_by_the_timeout_and_holds_nothing_up(database: Server) -> None:
    async def checked() -> tuple[Checked, int]:
        database.freeze()
        try:
            found = await run_probe("postgres", {"url": database.url}, timeout="300ms")
        finally:
            database.thaw()
        return found, len(asyncio.all_tasks())

    found, tasks = asyncio.run(checked())
    assert found.outcome is Outcome.FAIL
    assert found.reason == "no connection within 0.3 s"
    assert tasks == 1
    assert threading.active_count() == 1 or not any("probe" in t.name for t in threading.enumerate())


def test_a_server_that_freezes_after_the_connection_fails_by_the_timeout_too(database: Server) -> None:
    async def checked() -> Checked:
        check = asyncio.create_task(
            run_probe("postgres", {"url": database.url, "query": "SELECT pg_sleep(20)"}, timeout="1500ms")
        )
        while not await asyncio.to_thread(_somebody_sleeps, database.url):
            pass
        database.freeze()
        try:
            return await check
        finally:
            database.thaw()

    found = asyncio.run(checked())
    assert (found.outcome, found.reason) == (Outcome.FAIL, "no answer within 1.5 s")
    assert list(found.seen.phases) == ["connect"]


def test_a_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    checked = asyncio.run(run_probe("postgres", {"url": f"postgresql://postgres@127.0.0.1:{port}/x"}))
    assert (checked.outcome, checked.reason, checked.seen.phases) == (Outcome.FAIL, "connection refused", {})


def test_an_address_that_is_no_libpq_url_is_refused_before_any_check() -> None:
    with pytest.raises(BadInput, match=r"checked-at: postgres\.url: is not a URL; write postgresql://"):
        probe("postgres", {"url": "nonsense here"})


def test_a_name_with_several_addresses_is_checked_where_somebody_answers(database: Server) -> None:
    url = database.url.replace("127.0.0.1", "database.test")
    checked = asyncio.run(run_probe("postgres", {"url": url}, lookup=both_ways))
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert list(checked.seen.phases) == ["dns", "connect", "first-byte", "total"]
    for addresses in (("::1", "127.0.0.1"), ("127.0.0.1", "::1")):
        settings = {"url": url.removesuffix("postgres") + "other"}
        refused = asyncio.run(run_probe("postgres", settings, lookup=lambda _, found=addresses: found))
        assert refused.reason == 'database "other" does not exist', addresses
    database.kill()
    gone = asyncio.run(run_probe("postgres", {"url": url}, lookup=both_ways))
    assert (gone.outcome, gone.reason) == (Outcome.FAIL, "connection refused")


def test_a_prober_without_descriptors_says_nothing_about_the_server(database: Server) -> None:
    async def checked() -> Checked:
        held = []
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        check = asyncio.create_task(run_probe("postgres", {"url": database.url}))
        await asyncio.sleep(0)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
            with suppress(OSError):
                while True:
                    held.append(os.open(os.devnull, os.O_RDONLY))
            return await check
        finally:
            for descriptor in held:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    found = asyncio.run(checked())
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "the prober could not run the check: too many open files")


def test_a_server_without_a_place_for_one_more_is_down_for_whoever_comes(database: Server) -> None:
    url = database.url.replace("postgres@", "guest@")
    with ExitStack() as stack:
        owner = stack.enter_context(psycopg.connect(database.url, autocommit=True))
        owner.execute("CREATE ROLE guest LOGIN")
        for _ in range(16):  # of twenty; three are kept for superusers
            stack.enter_context(psycopg.connect(database.url))
        checked = asyncio.run(run_probe("postgres", {"url": url}))
    with psycopg.connect(database.url, autocommit=True) as owner:
        owner.execute("DROP ROLE guest")
    assert checked.outcome is Outcome.FAIL
    assert "remaining connection slots are reserved" in checked.reason
