"""mysql probes against a real MariaDB that works, refuses, freezes and dies, and against what is none."""

from __future__ import annotations

import asyncio
import re
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pymysql
import pytest

from drills.errors import BadInput
from drills.model.probe import Outcome
from tests.probing.checking import Checked, both_ways, probe, run_probe
from tests.probing.conftest import Server
from tests.probing.mariadb import ROOT, copied, empty_data, mariadb, needs_mariadb, port_of, run, tls_options
from tests.probing.servers import Serve, certificate, never_answering, serving, tls_with


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with empty_data() as folder:
        yield folder


@pytest.fixture(scope="module")
def shop(data: Path) -> Iterator[Server]:
    """A server that no test harms."""
    with copied(data) as own, mariadb(own, "--max-connections=20") as server:
        run(
            server,
            "CREATE DATABASE shop",
            "CREATE TABLE shop.orders (id INT PRIMARY KEY, total DECIMAL(10,2), name TEXT) ENGINE=InnoDB",
            "INSERT INTO shop.orders VALUES (1, 9.50, 'größer'), (2, 12, NULL)",
            "CREATE USER mon@'%' IDENTIFIED BY 'p@ss:w/rd'",
            "GRANT SELECT ON shop.* TO mon@'%'",
        )
        yield server


def checked(server: Server, *, path: str = "shop", **more: Any) -> Checked:
    settings = {"url": f"{server.url}{path}", **more.pop("settings", {})}
    return asyncio.run(run_probe("mysql", settings, **more))


@needs_mariadb
def test_rows_and_values_can_be_asserted(shop: Server) -> None:
    asserts = ["rows.size() == 2", "rows[0].total == 9.5", "rows[0].name == 'größer'", "rows[1].total == 12"]
    asserts += ["version.contains('MariaDB')", "!read_only", "max_connections == 20", "connections >= 1"]
    found = checked(shop, settings={"query": "SELECT * FROM orders ORDER BY id"}, asserts=asserts)
    assert (found.outcome, found.reason) == (Outcome.PASS, "")
    assert list(found.seen.phases) == ["connect", "first-byte", "total"]
    assert found.seen.metrics["database_connections"] == pytest.approx(found.seen.values["connections"] / 20)
    wrong = checked(shop, settings={"query": "SELECT COUNT(*) AS n FROM orders"}, asserts=["rows[0].n == 3"])
    assert (wrong.outcome, wrong.reason) == (Outcome.FAIL, "rows[0].n 2, not 3")


@needs_mariadb
def test_a_name_with_several_addresses_is_checked_where_somebody_answers(shop: Server) -> None:
    url = f"mysql://mon:p%40ss%3Aw%2Frd@database.test:{port_of(shop)}/shop"
    found = asyncio.run(run_probe("mysql", {"url": url}, lookup=both_ways))
    assert found.outcome is Outcome.PASS
    assert next(iter(found.seen.phases)) == "dns"


@needs_mariadb
def test_what_an_account_may_not_see_is_not_measured(shop: Server) -> None:
    url = f"mysql://mon:p%40ss%3Aw%2Frd@127.0.0.1:{port_of(shop)}/shop"
    passing = asyncio.run(run_probe("mysql", {"url": url}, asserts=["connections < 20"]))
    asked = asyncio.run(run_probe("mysql", {"url": url}, asserts=["lock_waits == 0"]))
    run(shop, "GRANT PROCESS ON *.* TO mon@'%'")
    granted = asyncio.run(run_probe("mysql", {"url": url}, asserts=["lock_waits == 0"]))
    run(shop, "REVOKE PROCESS ON *.* FROM mon@'%'")
    assert passing.outcome is Outcome.PASS
    assert sorted(passing.seen.metrics) == ["database_connections"]
    assert asked.outcome is Outcome.UNKNOWN
    assert "the account cannot see other sessions: grant it PROCESS" in asked.reason
    assert (granted.outcome, granted.reason) == (Outcome.PASS, "")


@needs_mariadb
def test_sessions_that_wait_for_a_lock_and_long_queries_are_counted(shop: Server) -> None:
    with ExitStack() as stack:
        holder, waiter, sleeper = (_session(stack, shop) for _ in range(3))
        holder.query("BEGIN")
        holder.query("UPDATE shop.orders SET name = 'held' WHERE id = 1")
        for session, query in ((waiter, "DELETE FROM shop.orders WHERE id = 1"), (sleeper, "SELECT SLEEP(3)")):
            stack.enter_context(_in_background(session, query))
        ends = time.monotonic() + 20
        while (found := checked(shop, asserts=["lock_waits == 1 && longest_query >= 1"])).outcome is not Outcome.PASS:
            assert time.monotonic() < ends, found.reason
            time.sleep(0.1)
        assert found.seen.metrics["lock_waits"] == 1
        assert found.seen.metrics["longest_query"] >= 1
        holder.query("ROLLBACK")


def _session(stack: ExitStack, server: Server) -> Any:
    return stack.enter_context(pymysql.connect(**ROOT, port=port_of(server), ssl_disabled=True))  # type: ignore[arg-type]


def _in_background(session: Any, query: str) -> ExitStack:
    stack = ExitStack()
    thread = threading.Thread(target=session.query, args=(query,), daemon=True)
    thread.start()
    stack.callback(thread.join, 20)
    return stack


@needs_mariadb
def test_a_query_that_takes_too_long_fails_by_the_timeout_and_ends_at_the_server(shop: Server) -> None:
    query = "SELECT SLEEP(60) AS waited"
    found = checked(shop, settings={"query": query}, timeout="500ms")
    assert (found.outcome, found.reason) == (Outcome.FAIL, "no answer within 0.5 s")
    ends = time.monotonic() + 20
    left = {"query": "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(6%'"}
    while (still := checked(shop, settings=left, asserts=["rows[0].n == 0"])).outcome is not Outcome.PASS:
        assert time.monotonic() < ends, still.reason
        time.sleep(0.1)


@needs_mariadb
def test_more_than_a_probe_reads_is_told(shop: Server) -> None:
    many = checked(shop, settings={"query": "SELECT seq FROM seq_1_to_5000000"}, timeout="5s")
    assert many.reason == "the query gives more than 10000 rows, the most that a probe reads"
    large = checked(shop, settings={"query": "SELECT REPEAT('x', 9000000) AS x"}, timeout="5s")
    assert large.reason == "the server sends more than 4194304 bytes, the most that a probe reads"
    fits = checked(
        shop, settings={"query": "SELECT seq FROM seq_1_to_10000"}, timeout="5s", asserts=["rows.size() > 9999"]
    )
    assert (fits.outcome, fits.reason) == (Outcome.PASS, "")


@needs_mariadb
def test_a_server_with_too_many_connections_says_so(shop: Server) -> None:
    run(shop, "SET GLOBAL max_connections = 10")
    with ExitStack() as stack:
        held = [_session(stack, shop) for _ in range(10)]
        try:
            mon = shop.url.replace("root@", "mon:p%40ss%3Aw%2Frd@")
            found = asyncio.run(run_probe("mysql", {"url": f"{mon}shop"}))
        finally:
            held[0].query("SET GLOBAL max_connections = 20")
    assert (found.outcome, found.reason) == (Outcome.FAIL, "Too many connections (1040)")


@needs_mariadb
def test_tls_by_its_modes(data: Path, shop: Server, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    without = checked(shop, path="shop?ssl-mode=REQUIRED")
    assert without.reason == "the server offers no TLS, and ssl-mode=REQUIRED wants it"
    with copied(data) as own, mariadb(own, *tls_options(own, pem)) as server:

        def by(mode: str, host: str = "127.0.0.1", ca: bool = True) -> Checked:
            url = f"mysql://root@{host}:{port_of(server)}/{f'?ssl-mode={mode}' if mode else ''}"
            settings = {"url": url, "query": "SHOW STATUS LIKE 'Ssl_cipher'", **({"ca": str(pem)} if ca else {})}
            return asyncio.run(run_probe("mysql", settings, asserts=["rows[0].Value != ''"], lookup=both_ways))

        for mode, host, ca in (
            ("", "localhost", True),
            ("VERIFY_CA", "127.0.0.1", True),
            ("REQUIRED", "h.test", False),
        ):
            found = by(mode, host, ca)
            assert (found.outcome, found.reason) == (Outcome.PASS, ""), mode
            assert "tls" in found.seen.phases
        assert by("PREFERRED", ca=False).outcome is Outcome.PASS
        plain = by("DISABLED", ca=False)
        assert (plain.outcome, "tls" in plain.seen.phases) == (Outcome.FAIL, False)
        wrong_name = by("VERIFY_IDENTITY")
        assert wrong_name.reason.startswith("certificate not valid: IP address mismatch")
        assert by("VERIFY_IDENTITY", "localhost", False).reason == "certificate not valid: self-signed certificate"


@needs_mariadb
def test_a_frozen_server_fails_by_the_timeout_and_one_that_is_gone_refuses(data: Path) -> None:
    with copied(data) as own, mariadb(own) as server:
        server.freeze()
        frozen = checked(server, path="", timeout="300ms")
        server.thaw()
        server.kill()
        gone = checked(server, path="")
    assert (frozen.outcome, frozen.reason) == (Outcome.FAIL, "no greeting within 0.3 s")
    assert (gone.outcome, gone.reason) == (Outcome.FAIL, "connection refused")


GREETING = (
    b"\x0a5.7.0-test\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<HBHH", 0xFFFF, 45, 2, 0x807F)
    + bytes((21,)) + b"\0" * 10 + b"123456789012\0mysql_native_password\0"
)  # fmt: skip
WITHOUT_TLS = GREETING.replace(b"\xff\xff\x2d", b"\xff\xf7\x2d")


def packet(body: bytes, number: int) -> bytes:
    return struct.pack("<I", len(body))[:3] + bytes((number,)) + body


def saying(*answers: bytes, then: str = "hang") -> Serve:
    """Greets, and answers what comes in turn; then says nothing more, or hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, answer in enumerate(answers):
            if number:
                await reader.read(65536)
            writer.write(answer)
            await writer.drain()
        if then == "hang":
            await never_answering(reader, writer)
        await reader.read(65536)

    return serve


DENIED = packet(b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied for you", 2)
ASKS_IN_CLEAR = packet(b"\xfemysql_clear_password\0", 2)
ASKS_FOR_A_FILE = packet(b"\xfb/etc/passwd", 1)
OK = packet(b"\0\0\0\x02\0\0\0", 2)
DONE = packet(b"\0\0\0\x02\0\0\0", 1)


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (never_answering, "no greeting within 0.5 s"),
        (saying(packet(GREETING, 0)), "no TLS handshake within 0.5 s"),
        (saying(packet(WITHOUT_TLS, 0)), "no login within 0.5 s"),
        (saying(packet(WITHOUT_TLS, 0), OK), "no login within 0.5 s"),
        (saying(packet(WITHOUT_TLS, 0), OK, DONE), "no answer within 0.5 s"),
        (saying(packet(WITHOUT_TLS, 0), OK, DONE, DONE, DONE), "no answer within 0.5 s"),
        (saying(packet(WITHOUT_TLS, 0), DENIED), "Access denied for you (1045)"),
        (
            saying(packet(WITHOUT_TLS, 0), ASKS_IN_CLEAR),
            "the server asks for the password in clear text; a probe sends it with ssl-mode=VERIFY_IDENTITY only",
        ),
        (saying(packet(WITHOUT_TLS, 0), OK, DONE, DONE, DONE, ASKS_FOR_A_FILE), "the answer is not MySQL"),
        (saying(packet(WITHOUT_TLS, 0), then="end"), "connection closed, and no login"),
        (saying(packet(GREETING, 0), b"HTTP/1.1 400\r\n\r\n", then="end"), "TLS handshake failed"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "the answer is not MySQL"),
        (saying(b"220 mail.example ESMTP\r\n", then="end"), "the answer is not MySQL"),
        (saying(b"-ERR unknown command\r\n"), "the answer is not MySQL"),
        (saying(packet(b"\x0a", 0)), "the answer is not MySQL"),
        (saying(packet(b"\x0aabc\0\0", 0)), "the answer is not MySQL"),
        (saying(b"\xff\xff\xff\0"), "the server sends more than 4194304 bytes, the most that a probe reads"),
        (saying(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", then="end"), "the answer is not MySQL"),
    ],
)
def test_each_phase_may_hang_or_end_and_other_protocols_are_told(serve: Serve, reason: str) -> None:
    async def reason_of() -> Checked:
        async with serving(serve) as port:
            return await run_probe("mysql", {"url": f"mysql://mon:secret@127.0.0.1:{port}/"}, timeout="500ms")

    found = asyncio.run(reason_of())
    assert found.outcome is Outcome.FAIL
    assert found.reason == reason


def test_a_server_that_speaks_tls_at_once_is_silent_to_a_mysql_client(tmp_path: Path) -> None:
    async def reason() -> str:
        context: ssl.SSLContext = tls_with(certificate(tmp_path))
        async with serving(never_answering, context) as port:
            return (await run_probe("mysql", {"url": f"mysql://a@127.0.0.1:{port}/"}, timeout="300ms")).reason

    assert asyncio.run(reason()) == "no greeting within 0.3 s"


def test_a_check_that_is_cancelled_leaves_no_thread() -> None:
    async def cancelled() -> None:
        async with serving(never_answering) as port:
            check = asyncio.create_task(run_probe("mysql", {"url": f"mysql://a@127.0.0.1:{port}/"}, timeout="3s"))
            await asyncio.sleep(0.2)
            check.cancel()
            await asyncio.gather(check, return_exceptions=True)

    before = threading.active_count()
    asyncio.run(cancelled())
    ends = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (
            {"url": "postgresql://a@b/c"},
            "is not the URL of a MySQL server; write mysql://user:password@host:3306/database",
        ),
        ({"url": "mysql://a:geheim@/c"}, "names no host"),
        ({"url": "mysql://:geheim@b/c"}, "names no user"),
        ({"url": "mysql://a:geheim@b/c?ssl-ca=x"}, "has ssl-ca; write the file as the setting 'ca' instead"),
        (
            {"url": "mysql://a:geheim@b/c?charset=latin1"},
            "has an unsupported parameter; leave out all but ssl-mode",
        ),
        ({"url": "mysql://a:geheim@b/c?ssl-mode=ON"}, "has an unknown ssl-mode; write one of DISABLED,"),
        ({"url": "mysql://a:geheim@b/c?ssl-mode=required", "ca": "x"}, "has ssl-mode=REQUIRED, with which 'ca' is not"),
        ({"url": "mysql://a:geheim@b:99999/c"}, "has a port that is not a number"),
        ({"url": "mysql://a@b/c", "query": ""}, "query"),
    ],
)
def test_settings_that_cannot_be_used_are_told_without_the_password(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput) as error:
        probe("mysql", settings)
    assert why in str(error.value)
    assert not re.search(r"geheim|\n", str(error.value))
