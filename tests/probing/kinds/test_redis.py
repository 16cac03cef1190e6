"""Redis probes against a real server that works, freezes and dies."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
import redis

from drills.model.probe import Outcome
from drills.probing.kinds.redis.resp import read_info
from tests.probing.checking import Checked, both_ways, run_probe
from tests.probing.conftest import Server
from tests.probing.servers import Serve, certificate, serving, tls_with


def test_a_server_that_works_passes_and_its_info_can_be_asserted(cache: Server) -> None:
    checked = asyncio.run(run_probe("redis", {"url": cache.url}, asserts=["info.connected_clients >= 1"]))
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert list(checked.seen.phases) == ["connect", "first-byte", "total"]


def test_memory_is_a_share_of_the_servers_own_limit_or_of_the_probes(cache: Server) -> None:
    without = asyncio.run(run_probe("redis", {"url": cache.url}, asserts=["cache_memory < 0.9"]))
    assert without.seen.metrics == {}
    assert without.outcome is Outcome.FAIL
    assert "the server has no maxmemory" in without.reason
    given = asyncio.run(run_probe("redis", {"url": cache.url, "memory-limit": 10**9}))
    assert 0 < given.seen.metrics["cache_memory"] < 0.1
    client = redis.Redis.from_url(cache.url)
    client.config_set("maxmemory", 10**7)
    client.close()
    its_own = asyncio.run(run_probe("redis", {"url": cache.url}))
    assert its_own.seen.metrics["cache_memory"] > given.seen.metrics["cache_memory"]


def test_a_frozen_server_fails_by_the_timeout(cache: Server) -> None:
    cache.freeze()
    checked = asyncio.run(run_probe("redis", {"url": cache.url}, timeout="300ms"))
    assert checked.outcome is Outcome.FAIL
    assert checked.reason.endswith("within 0.3 s")


def test_a_server_that_is_gone_refuses(cache: Server) -> None:
    cache.kill()
    checked = asyncio.run(run_probe("redis", {"url": cache.url}))
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "connection refused")


def test_a_server_that_wants_a_password_says_so_in_one_line(cache: Server) -> None:
    client = redis.Redis.from_url(cache.url)
    client.config_set("requirepass", "secret")
    client.close()
    checked = asyncio.run(run_probe("redis", {"url": cache.url}))
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "NOAUTH Authentication required.")


def test_something_else_than_redis_fails_in_one_line() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def checked() -> tuple[Outcome, str]:
        server = await asyncio.start_server(nonsense, "127.0.0.1", 0, family=socket.AF_INET)
        async with server:
            found = await run_probe("redis", {"url": f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"})
        return found.outcome, found.reason

    outcome, reason = asyncio.run(checked())
    assert outcome is Outcome.FAIL
    assert reason
    assert "\n" not in reason


def test_a_name_with_several_addresses_is_checked_where_somebody_answers(cache: Server) -> None:
    url = cache.url.replace("127.0.0.1", "cache.test")
    checked = asyncio.run(run_probe("redis", {"url": url}, lookup=both_ways))
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    cache.kill()
    gone = asyncio.run(run_probe("redis", {"url": url}, lookup=both_ways))
    assert (gone.outcome, gone.reason) == (Outcome.FAIL, "connection refused")


def test_what_a_server_says_is_told_though_the_name_has_more_addresses(cache: Server) -> None:
    client = redis.Redis.from_url(cache.url)
    client.config_set("requirepass", "secret")
    client.close()
    url = cache.url.replace("127.0.0.1", "cache.test")
    checked = asyncio.run(run_probe("redis", {"url": url}, lookup=lambda _: ("127.0.0.1", "::1")))
    assert checked.reason == "NOAUTH Authentication required."


def test_over_tls_the_certificate_is_compared_with_the_name(tmp_path: Path) -> None:
    pem = certificate(tmp_path)

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b"-DENIED in its own words\r\n")

    async def checked() -> str:
        async with serving(refusing, tls_with(pem)) as port:
            settings = {"url": f"rediss://localhost:{port}/0", "ca": str(pem)}
            return (await run_probe("redis", settings)).reason

    assert "in its own words" in asyncio.run(checked())


def _saying(reply: bytes, info: bytes = b"$0\r\n\r\n") -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(4096):
            writer.write(info if b"INFO" in asked else reply)
            await writer.drain()

    return serve


def _check(serve: Serve, asserts: Sequence[str] = ()) -> Checked:
    async def checked() -> Checked:
        async with serving(serve) as port:
            return await run_probe("redis", {"url": f"redis://127.0.0.1:{port}/0"}, timeout="500ms", asserts=[*asserts])

    return asyncio.run(checked())


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "LOADING Redis is loading the dataset in memory"),
        (b"-MASTERDOWN Link with MASTER is down\r\n", "MASTERDOWN Link with MASTER is down"),
        (b"-ERR max number of clients reached\r\n", "ERR max number of clients reached"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the answer is not Redis"),
        (b"\xff\xfe\r\n", "the answer is not Redis"),
        (b"+PO", "no answer within 0.5 s"),
        (b"$5\r\nPO", "no answer within 0.5 s"),
        (b"$99999999999\r\n", "a reply of 99999999999 bytes is longer than a probe can read"),
        (b"x" * 100_000, "the answer is not Redis"),
    ],
)
def test_what_is_no_pong_is_told_in_one_line(reply: bytes, reason: str) -> None:
    checked = _check(_saying(reply))
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, reason)


@pytest.mark.parametrize(
    ("info", "outcome", "reason"),
    [
        ("used_memory:5\r\nmaxmemory:10\r\n", Outcome.PASS, ""),
        ("used_memory:5\r\nmaxmemory:0\r\n", Outcome.FAIL, "the server has no maxmemory and the probe no memory-limit"),
        ("used_memory:5\r\n", Outcome.FAIL, "the server has no maxmemory and the probe no memory-limit"),
        ("maxmemory:10\r\n", Outcome.UNKNOWN, "the server's INFO has no used_memory"),
        ("used_memory:lots\r\nmaxmemory:10\r\n", Outcome.UNKNOWN, "the server's INFO has no used_memory"),
        ("", Outcome.UNKNOWN, "the server's INFO has no used_memory"),
    ],
)
def test_a_field_that_info_lacks_is_not_measured(info: str, outcome: Outcome, reason: str) -> None:
    bulk = f"${len(info)}\r\n{info}\r\n".encode()
    checked = _check(_saying(b"+PONG\r\n", bulk), ["cache_memory < 0.9"])
    assert checked.outcome is outcome
    assert reason in checked.reason


def test_info_is_read_as_redis_py_reads_it(cache: Server) -> None:
    with redis.Redis.from_url(cache.url) as client:
        client.mset({"a": 1, "b": 2})
        text = client.execute_command("INFO", "everything")
        client.set_response_callback("INFO", bytes.decode)
        raw = client.execute_command("INFO", "everything")
    read = read_info(raw)
    assert read.keys() - text.keys() <= {"cmdstat_info", "latency_percentiles_usec_info"}  # it was asked in between
    assert text.keys() <= read.keys()
    for name, value in text.items():
        assert type(read[name]) is type(value) or name == "master_replid2", name  # forty zeros: an id, not a number
        assert isinstance(value, float | int | str) or read[name] == value or name.startswith(("cmdstat", "latency"))
    assert read["db0"] == {**text["db0"]}
    assert isinstance(read["used_memory"], int)


def test_a_unix_socket_is_checked_too(tmp_path: Path) -> None:
    async def checked() -> Checked:
        server = await asyncio.start_unix_server(_saying(b"+PONG\r\n"), tmp_path / "redis.sock")
        async with server:
            return await run_probe("redis", {"url": f"unix://{tmp_path}/redis.sock"})

    found = asyncio.run(checked())
    assert found.outcome is Outcome.PASS
    assert list(found.seen.phases) == ["connect", "first-byte", "total"]


def test_without_verification_any_certificate_will_do(tmp_path: Path) -> None:
    pem = certificate(tmp_path)

    async def checked(**more: bool) -> Checked:
        async with serving(_saying(b"+PONG\r\n"), tls_with(pem)) as port:
            return await run_probe("redis", {"url": f"rediss://localhost:{port}/0", **more})

    assert asyncio.run(checked(verify=False)).outcome is Outcome.PASS
    refused = asyncio.run(checked())
    assert (refused.outcome, refused.reason) == (Outcome.FAIL, "certificate not valid: self-signed certificate")
