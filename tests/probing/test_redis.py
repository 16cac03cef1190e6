"""Redis probes against a real server that works, freezes and dies."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import redis

from drills.core.probe import Outcome
from tests.probing.conftest import Server
from tests.probing.looking import both_ways, look_at
from tests.probing.servers import certificate, serving, tls_with


def test_a_server_that_works_passes_and_its_info_can_be_asserted(cache: Server) -> None:
    looked = asyncio.run(look_at("redis", {"url": cache.url}, asserts=["info.connected_clients >= 1"]))
    assert (looked.outcome, looked.reason) == (Outcome.PASS, "")
    assert list(looked.seen.phases) == ["connect", "first-byte", "total"]


def test_memory_is_a_share_of_the_servers_own_limit_or_of_the_probes(cache: Server) -> None:
    without = asyncio.run(look_at("redis", {"url": cache.url}, asserts=["cache_memory < 0.9"]))
    assert without.seen.metrics == {}
    assert without.outcome is Outcome.FAIL
    assert "the server has no maxmemory" in without.reason
    given = asyncio.run(look_at("redis", {"url": cache.url, "memory-limit": 10**9}))
    assert 0 < given.seen.metrics["cache_memory"] < 0.1
    client = redis.Redis.from_url(cache.url)
    client.config_set("maxmemory", 10**7)
    client.close()
    its_own = asyncio.run(look_at("redis", {"url": cache.url}))
    assert its_own.seen.metrics["cache_memory"] > given.seen.metrics["cache_memory"]


def test_a_frozen_server_fails_by_the_timeout(cache: Server) -> None:
    cache.freeze()
    looked = asyncio.run(look_at("redis", {"url": cache.url}, timeout="300ms"))
    assert looked.outcome is Outcome.FAIL
    assert looked.reason.endswith("within 0.3 s")


def test_a_server_that_is_gone_refuses(cache: Server) -> None:
    cache.kill()
    looked = asyncio.run(look_at("redis", {"url": cache.url}))
    assert (looked.outcome, looked.reason) == (Outcome.FAIL, "connection refused")


def test_a_server_that_wants_a_password_says_so_in_one_line(cache: Server) -> None:
    client = redis.Redis.from_url(cache.url)
    client.config_set("requirepass", "secret")
    client.close()
    looked = asyncio.run(look_at("redis", {"url": cache.url}))
    assert (looked.outcome, looked.reason) == (Outcome.FAIL, "NOAUTH Authentication required.")


def test_something_else_than_redis_fails_in_one_line() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def looked() -> tuple[Outcome, str]:
        server = await asyncio.start_server(nonsense, "127.0.0.1", 0, family=socket.AF_INET)
        async with server:
            found = await look_at("redis", {"url": f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"})
        return found.outcome, found.reason

    outcome, reason = asyncio.run(looked())
    assert outcome is Outcome.FAIL
    assert reason
    assert "\n" not in reason


def test_a_name_with_several_addresses_is_looked_at_where_somebody_answers(cache: Server) -> None:
    url = cache.url.replace("127.0.0.1", "cache.test")
    looked = asyncio.run(look_at("redis", {"url": url}, lookup=both_ways))
    assert (looked.outcome, looked.reason) == (Outcome.PASS, "")
    cache.kill()
    gone = asyncio.run(look_at("redis", {"url": url}, lookup=both_ways))
    assert (gone.outcome, gone.reason) == (Outcome.FAIL, "connection refused")


def test_what_a_server_says_is_told_though_the_name_has_more_addresses(cache: Server) -> None:
    client = redis.Redis.from_url(cache.url)
    client.config_set("requirepass", "secret")
    client.close()
    url = cache.url.replace("127.0.0.1", "cache.test")
    looked = asyncio.run(look_at("redis", {"url": url}, lookup=lambda _: ("127.0.0.1", "::1")))
    assert looked.reason == "NOAUTH Authentication required."


def test_over_tls_the_certificate_is_compared_with_the_name(tmp_path: Path) -> None:
    pem = certificate(tmp_path)

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b"-DENIED in its own words\r\n")

    async def looked() -> str:
        async with serving(refusing, tls_with(pem)) as port:
            settings = {"url": f"rediss://localhost:{port}/0", "ca": str(pem)}
            return (await look_at("redis", settings)).reason

    assert "in its own words" in asyncio.run(looked())
