"""The postgres probe through a real PgBouncer, and what it leaves behind on a server: nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from drills.included_shop.local import postgres
from drills.model.probe import Outcome
from tests.free_ports import free_port
from tests.probing.checking import run_probe
from tests.probing.conftest import Server, answers, until

_PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_SLEEP = "SELECT pg_sleep(40)"
pooled = pytest.mark.skipif(_PGBOUNCER is None, reason="PgBouncer is not installed (Debian: pgbouncer)")
modes = pytest.mark.parametrize("mode", ["session", "transaction", "statement"])


@contextmanager
def _pooler(database: Server, mode: str) -> Iterator[str]:
    """The URL of a pooler that has one connection to the server, and gives it to one client after the other."""
    owner = postgres.os_user()
    port, behind = free_port(), database.url.rpartition(":")[2].partition("/")[0]
    with tempfile.TemporaryDirectory(prefix="drills-pooler-") as name:
        folder = Path(name)
        (folder / "users.txt").write_text('"postgres" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\npostgres = host=127.0.0.1 port={behind}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
            f"auth_file = {folder}/users.txt\npool_mode = {mode}\ndefault_pool_size = 1\nserver_reset_query =\n"
        )
        run_as = {} if owner is None else {"user": owner[0], "group": owner[1]}
        if owner is not None:
            folder.chmod(0o755)
        process = subprocess.Popen(
            [str(_PGBOUNCER), "-q", str(folder / "pgbouncer.ini")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **run_as,  # type: ignore[call-overload]
        )
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        try:
            until(lambda: answers(url))
            yield url
        finally:
            process.terminate()
            process.wait(timeout=10)


def _sleeping(url: str) -> int:
    with psycopg.connect(url) as connection:
        query = f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{_SLEEP}' AND pid <> pg_backend_pid()"
        found = connection.execute(query + " AND state = 'active'").fetchone()  # type: ignore[arg-type]
    return int(found[0]) if found else 0


@pooled
@modes
def test_through_a_pooler_everything_is_measured(database: Server, mode: str) -> None:
    with _pooler(database, mode) as url:
        checked = asyncio.run(
            run_probe("postgres", {"url": url}, asserts=["rows[0].one == 1", "size(table_sizes) == 0"])
        )
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert set(checked.seen.metrics) == {"database_connections", "longest_query", "lock_waits"}


@pooled
@modes
def test_the_next_client_of_a_pooled_connection_finds_nothing_set(database: Server, mode: str) -> None:
    with _pooler(database, mode) as url:
        asyncio.run(run_probe("postgres", {"url": url}, asserts=["size(table_sizes) == 0"]))
        with psycopg.connect(url, autocommit=True) as next_one:
            for name, is_default in (("statement_timeout", "0"), ("lock_timeout", "0")):
                assert next_one.execute(f"SHOW {name}").fetchone() == (is_default,)  # type: ignore[arg-type]
            assert next_one.execute("SHOW search_path").fetchone() == ('"$user", public',)
            served = next_one.execute("SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
            assert served.fetchone()


@pooled
@modes
def test_a_query_that_takes_too_long_is_ended_behind_the_pooler(database: Server, mode: str) -> None:
    with _pooler(database, mode) as url:
        checked = asyncio.run(run_probe("postgres", {"url": url, "query": _SLEEP}, timeout="500ms"))
        assert (checked.outcome, checked.reason) == (Outcome.FAIL, "no answer within 0.5 s")
        until(lambda: _sleeping(database.url) == 0)


@pytest.mark.parametrize("more", ["", "?options=-c%20search_path%3Dpublic", "?options=-c%20statement_timeout%3D0"])
def test_a_query_that_takes_too_long_is_ended_with_the_check(database: Server, more: str) -> None:
    settings = {"url": database.url + more, "query": _SLEEP}
    checked = asyncio.run(run_probe("postgres", settings, timeout="500ms"))
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "no answer within 0.5 s")
    until(lambda: _sleeping(database.url) == 0)


def test_a_query_that_takes_its_time_limit_off_is_cancelled(database: Server) -> None:
    settings = {"url": database.url, "query": f"SET LOCAL statement_timeout = 0; {_SLEEP}"}
    checked = asyncio.run(run_probe("postgres", settings, timeout="500ms"))
    assert checked.reason == "no answer within 0.5 s"
    until(lambda: _sleeping(database.url) == 0)


def test_a_check_that_is_cancelled_ends_its_query(database: Server) -> None:
    async def cancelled() -> None:
        settings = {"url": database.url, "query": f"SET LOCAL statement_timeout = 0; {_SLEEP}"}
        check = asyncio.create_task(run_probe("postgres", settings, timeout="30s"))
        while not await asyncio.to_thread(_sleeping, database.url):
            pass
        check.cancel()
        await asyncio.gather(check, return_exceptions=True)

    asyncio.run(cancelled())
    until(lambda: _sleeping(database.url) == 0)
