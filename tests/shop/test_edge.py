"""The edge between a real TLS client and a real server, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shop.certificates import issue, provide
from shop.edge import Edge

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LARGE = 3_000_000


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    provide(folder, datetime.now(UTC))
    return folder


@contextlib.asynccontextmanager
async def edge_before(serve: Serve | None, folder: Path) -> AsyncIterator[tuple[Edge, int]]:
    """An edge and its port; without a server nobody listens behind it."""
    behind = await asyncio.start_server(serve or echo, "127.0.0.1", 0)
    upstream = behind.sockets[0].getsockname()[1]
    if serve is None:
        behind.close()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    listening.setblocking(False)
    edge = Edge(folder / "edge.pem", ("127.0.0.1", upstream))
    serving = asyncio.create_task(edge.serve(listening))
    try:
        yield edge, listening.getsockname()[1]
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        listening.close()
        await edge.close_all()
        behind.close()


async def connected(port: int, folder: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    return await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="shop.test")


def shake_hands(port: int, folder: Path) -> None:
    """As most clients do it; asyncio's own tells the server nothing of what it did not like."""
    trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        trust.wrap_socket(plain, server_hostname="shop.test").close()


def logged(text: str) -> list[str]:
    return [json.loads(line)["message"] for line in text.splitlines()]


def test_bytes_go_through_in_both_directions_however_many(authority: Path) -> None:
    async def play() -> None:
        async with edge_before(echo, authority) as (_edge, port):
            reader, writer = await connected(port, authority)
            sent = bytes(range(256)) * (LARGE // 256)
            writing = asyncio.create_task(_write(writer, sent))
            assert await reader.readexactly(len(sent)) == sent
            await writing
            writer.close()

    asyncio.run(play())


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


def test_a_server_that_closes_after_its_answer_ends_the_clients_connection_after_all_bytes(authority: Path) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"x" * LARGE)
        writer.close()

    async def play() -> None:
        async with edge_before(once, authority) as (_edge, port):
            reader, writer = await connected(port, authority)
            writer.write(b"GET\n")
            assert len(await reader.read()) == LARGE
            writer.close()

    asyncio.run(play())


def test_who_comes_while_the_app_is_gone_is_turned_away_and_it_is_logged(
    authority: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def play() -> None:
        async with edge_before(None, authority) as (_edge, port):
            reader, writer = await connected(port, authority)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(play())
    assert logged(capsys.readouterr().out) == ["the app takes no connection"]


def test_a_new_certificate_is_shown_to_new_clients_and_ends_idle_connections_but_no_answer_that_is_awaited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, allowed = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline():
            asked.set()
            await allowed.wait()
            writer.write(b"answer\n")
        await reader.read()
        writer.close()

    async def play() -> None:
        provide(tmp_path, datetime.now(UTC))
        async with edge_before(slow, tmp_path) as (edge, port):
            idle, _ = await connected(port, tmp_path)
            waiting, writer = await connected(port, tmp_path)
            writer.write(b"question\n")
            await asked.wait()
            issue(tmp_path, datetime.now(UTC), timedelta(days=-1))
            edge.reload()
            assert await idle.read() == b""
            allowed.set()
            assert await waiting.readline() == b"answer\n"
            assert await waiting.read() == b"", "and then it is closed as well"
            with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
                await asyncio.to_thread(shake_hands, port, tmp_path)
            said = ""
            async with asyncio.timeout(5):  # The client knows it a moment before the edge does.
                while said.count("\n") < 2:
                    said += capsys.readouterr().out
                    await asyncio.sleep(0.01)
            assert logged(said) == ["certificate loaded", "TLS handshake failed"]

    asyncio.run(play())


def test_a_certificate_that_cannot_be_used_leaves_the_former_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def play() -> None:
        provide(tmp_path, datetime.now(UTC))
        async with edge_before(echo, tmp_path) as (edge, port):
            (tmp_path / "edge.pem").write_text("nonsense")
            edge.reload()
            _reader, writer = await connected(port, tmp_path)
            writer.close()

    asyncio.run(play())
    assert logged(capsys.readouterr().out) == ["certificate not loaded, the former one stays"]


def test_who_only_checks_whether_the_port_is_open_is_not_logged(
    authority: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def play() -> None:
        async with edge_before(echo, authority) as (_edge, port):
            _reader, plain = await asyncio.open_connection("127.0.0.1", port)
            plain.close()
            await plain.wait_closed()
            _reader, writer = await connected(port, authority)
            writer.close()

    asyncio.run(play())
    assert logged(capsys.readouterr().out) == []
