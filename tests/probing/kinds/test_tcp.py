"""TCP probes against real servers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from drills.model.probe import Outcome
from drills.probing.kinds.tcp.probe import answer_of
from drills.probing.kinds.tcp.settings import TcpSettings
from drills.probing.net.server_url import host_and_port
from tests.probing.checking import Checked, run_probe
from tests.probing.servers import Serve, never_answering, serving


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"you said " + await reader.read(100))
    await writer.drain()


def check(serve: Serve, **settings: Any) -> Checked:
    async def checked() -> Checked:
        async with serving(serve) as port:
            return await run_probe("tcp", {"address": f"127.0.0.1:{port}", **settings}, timeout="300ms")

    return asyncio.run(checked())


def test_a_connection_is_enough_where_nothing_is_expected() -> None:
    checked = check(never_answering)
    assert checked.outcome is Outcome.PASS
    assert list(checked.seen.phases) == ["connect", "total"]


def test_an_expected_answer_passes_and_another_fails() -> None:
    assert check(echo, send="hello", expect="said hello").outcome is Outcome.PASS
    checked = check(echo, send="hello", expect="PONG")
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, 'answered "you said hello", without "PONG"')


def test_silence_fails_by_the_timeout() -> None:
    checked = check(never_answering, expect="PONG")
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "no answer within 0.3 s")
    assert list(checked.seen.phases) == ["connect"]


def test_a_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    checked = asyncio.run(run_probe("tcp", {"address": f"127.0.0.1:{port}"}))
    assert (checked.outcome, checked.reason, checked.seen.phases) == (Outcome.FAIL, "connection refused", {})


def test_addresses_are_hosts_with_ports_or_urls() -> None:
    assert host_and_port("localhost:80") == ("localhost", 80)
    assert host_and_port("[::1]:80") == ("::1", 80)
    assert host_and_port("postgresql://u:p@db/x") == ("db", 5432)
    with pytest.raises(ValueError, match="write host:port"):
        host_and_port("localhost")


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def binary(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\xff\xfe\x00\x1b[31mhello\x07")


def test_text_that_arrives_in_pieces_is_found() -> None:
    async def read() -> bytes:
        reader = asyncio.StreamReader()
        settings = TcpSettings.model_validate({"address": "a:1", "expect": "grüß"})
        reading = asyncio.create_task(answer_of(settings, reader))
        for piece in (b"gr\xc3", b"\xbc\xc3\x9f dich"):
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()
        return await reading

    assert asyncio.run(read()).startswith("grüß".encode())


def test_a_server_that_never_stops_is_not_read_for_ever() -> None:
    checked = check(endless, expect="PONG")
    assert checked.outcome is Outcome.FAIL
    assert checked.reason.endswith('without "PONG" in its first 65536 bytes')
    assert len(checked.seen.values["answer"]) < 2 * 65_536


def test_control_characters_of_an_answer_reach_nobodys_terminal() -> None:
    checked = check(binary, expect="PONG")
    assert checked.reason == 'answered "\N{REPLACEMENT CHARACTER}' + "\N{REPLACEMENT CHARACTER}" * 3 + (
        '[31mhello\N{REPLACEMENT CHARACTER}", without "PONG"'
    )


def test_a_server_that_hangs_up_says_nothing() -> None:
    async def hanging_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    assert check(hanging_up, expect="PONG").reason == 'no answer before the connection was closed, not "PONG"'


def test_an_address_may_be_any_url_and_none_of_it_is_repeated() -> None:
    assert host_and_port("https://example.test/@a?b@c=d#e") == ("example.test", 443)
    assert host_and_port("rediss://:p@cache") == ("cache", 6379)
    for address in ("amqp://u:s3cr3t@h", "u:s3cr3t@h", "h:s3cr3t"):
        with pytest.raises(ValueError, match="the address has ") as said:
            host_and_port(address)
        assert "s3cr3t" not in str(said.value)
