"""TCP probes against real servers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from drills.core.probe import Outcome
from drills.probing.kinds.tcp import host_and_port
from tests.probing.looking import Looked, look_at
from tests.probing.servers import Serve, never_answering, serving


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"you said " + await reader.read(100))
    await writer.drain()


def look(serve: Serve, **settings: Any) -> Looked:
    async def looked() -> Looked:
        async with serving(serve) as port:
            return await look_at("tcp", {"address": f"127.0.0.1:{port}", **settings}, timeout="300ms")

    return asyncio.run(looked())


def test_a_connection_is_enough_where_nothing_is_expected() -> None:
    looked = look(never_answering)
    assert looked.outcome is Outcome.PASS
    assert list(looked.seen.phases) == ["connect", "total"]


def test_an_expected_answer_passes_and_another_fails() -> None:
    assert look(echo, send="hello", expect="said hello").outcome is Outcome.PASS
    looked = look(echo, send="hello", expect="PONG")
    assert (looked.outcome, looked.reason) == (Outcome.FAIL, 'answered "you said hello", without "PONG"')


def test_silence_fails_by_the_timeout() -> None:
    looked = look(never_answering, expect="PONG")
    assert (looked.outcome, looked.reason) == (Outcome.FAIL, "no answer within 0.3 s")
    assert list(looked.seen.phases) == ["connect"]


def test_a_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    looked = asyncio.run(look_at("tcp", {"address": f"127.0.0.1:{port}"}))
    assert (looked.outcome, looked.reason, looked.seen.phases) == (Outcome.FAIL, "connection refused", {})


def test_addresses_are_hosts_with_ports_or_urls() -> None:
    assert host_and_port("localhost:80") == ("localhost", 80)
    assert host_and_port("[::1]:80") == ("::1", 80)
    assert host_and_port("postgresql://u:p@db/x") == ("db", 5432)
    with pytest.raises(ValueError, match="write host:port"):
        host_and_port("localhost")
