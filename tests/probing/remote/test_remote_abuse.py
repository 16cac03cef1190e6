"""Whoever can reach a prober, with its token or without: it goes on answering, and gives nothing away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from drills.probing.remote import connections
from drills.probing.remote.connections import Connections
from drills.probing.remote.http_server import listen_at, serve_checks
from drills.probing.remote.messages import Question
from drills.probing.remote.server import ProbeServer

TOKEN = "a-token-that-both-sides-keep"
HEALTH = b"GET /health HTTP/1.1\r\nHost: paris\r\n\r\n"
FOUR_LOOPS = "[1,2,3].all(a, x.all(b, x.all(c, x.all(d, x.all(e, a + b + c + d + e > 0)))))".replace(
    "x", "[" + ",".join("1" * 100) + "]"
)


@asynccontextmanager
async def prober() -> AsyncIterator[int]:
    listener = listen_at("127.0.0.1:0")
    answers = asyncio.create_task(serve_checks(listener, TOKEN))
    try:
        yield listener.getsockname()[1]
    finally:
        answers.cancel()
        await asyncio.gather(answers, return_exceptions=True)


def play(what: Callable[[int], Awaitable[Any]]) -> Any:
    async def played() -> Any:
        async with prober() as port, asyncio.timeout(30):
            return await what(port)

    return asyncio.run(played())


async def said(port: int, request: bytes) -> bytes:
    """All that it answers until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def check_of(token: str = TOKEN, *, close: bool = True, **question: Any) -> bytes:
    body = json.dumps({"name": "home", "kind": "tcp", "timeout": "1s", **question}).encode()
    head = f"POST /check HTTP/1.1\r\nHost: paris\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{'Connection: close' if close else 'X-A: b'}\r\n\r\n".encode() + body


# ---- without the token ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /health\r\n\r\n", b"400"),  # HTTP/0.9
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x07" * 500, b"400"),  # TLS to a plain port
        (b"POST /check HTTP/1.1\r\nHost: paris\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /check HTTP/1.1\r\nHost: paris\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", b"400"),
        (
            b"POST /check HTTP/1.1\r\nHost: paris\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\n",
            b"400",
        ),
        (b"GET /health HTTP/1.1\r\nHost: paris\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nHost: paris\r\n" + b"X: a\r\n" * 200_000 + b"\r\n", b"400"),
        (b"GET /nowhere HTTP/1.1\r\nHost: paris\r\n\r\n", b"404"),
        (check_of("another", close=False), b"401"),
        (check_of("", close=False), b"401"),
        (HEALTH, b"200"),
    ],
)
def test_what_comes_without_the_token_is_answered_once_and_the_connection_closed(
    request_: bytes, status: bytes
) -> None:
    async def asked(port: int) -> bytes:
        answer = await said(port, request_)
        assert b" 200 " in await said(port, HEALTH)
        return answer

    answer = play(asked)
    assert answer == b"" or answer.split(b" ")[1] == status
    assert b"Traceback" not in answer


@pytest.mark.parametrize("beginning", [b"", b"GET /health HTTP/1.1\r\nHost: par"])
def test_half_a_request_holds_no_connection_for_long(beginning: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADER_WITHIN", 0.2)
    assert play(lambda port: said(port, beginning)) == b""


def test_a_header_that_dribbles_in_is_given_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADER_WITHIN", 0.3)

    async def dribble(port: int) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ended = asyncio.ensure_future(reader.read())
        writer.write(b"GET /health HTTP/1.1\r\n")
        while not ended.done():
            writer.write(b"X: a\r\n")
            await asyncio.wait([ended], timeout=0.01)
        writer.close()
        return True

    assert play(dribble)


class Other:
    """A connection, as far as the bookkeeping knows it."""

    def __init__(self, open_: Connections) -> None:
        self.open = open_
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True
        self.open.leave(self)  # type: ignore[arg-type]


def entered(open_: Connections, *addresses: str) -> list[Any]:
    found: list[Any] = []
    for address in addresses:
        found.append(Other(open_))
        open_.enter(found[-1], address)
    return found


def test_the_oldest_from_the_same_address_makes_room() -> None:
    open_ = Connections(most=10, most_unknown=2)
    first, other, second, third = entered(open_, "a", "b", "a", "a")
    assert [each.aborted for each in (first, other, second, third)] == [True, False, False, False]


def test_those_that_have_shown_the_token_are_never_put_out() -> None:
    open_ = Connections(most=2, most_unknown=2)
    (known,) = entered(open_, "a")
    open_.show_token(known)
    assert open_.knows(known)
    second, third = entered(open_, "a", "b")
    assert [each.aborted for each in (known, second, third)] == [False, True, False]
    open_.show_token(third)
    (last,) = entered(open_, "c")
    assert (known.aborted, third.aborted, last.aborted) == (False, False, True)


def test_an_asker_with_the_token_keeps_its_connection() -> None:
    async def twice(port: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = []
        for _ in range(2):
            writer.write(check_of(close=False, settings={"address": "127.0.0.1:1"}))
            head = await reader.readuntil(b"\r\n\r\n")
            (length,) = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            answers.append(await reader.readexactly(length))
        writer.close()
        return answers

    assert [json.loads(answer)["outcome"] for answer in play(twice)] == ["fail", "fail"]


# ---- with the token -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ({"assert": ["1" + "+1" * 30_000 + " > 0"]}, "bytes; at most 32768 are accepted from other machines"),
        ({"assert": ["1" + "+1" * 10_000 + " > 0"]}, "it has 20005 characters; at most 4000 are read"),
        ({"assert": ["(" * 3_000]}, "nested too deeply"),
        ({"assert": ["a"] * 300}, "texts; at most 256"),
        ({"kind": "heartbeat", "settings": {"name": "a", "within": "1m", "state": "/etc/passwd"}}, "its own machine"),
        ({"kind": "container", "settings": {"state": "/etc/passwd"}}, "its own machine only"),
        ({"kind": "http", "settings": {"url": "https://a", "ca": "/etc/passwd"}}, "reads no file for other machines"),
        ({"kind": "http", "settings": {"url": "file:///etc/passwd"}}, "http"),
        ({"kind": "redis", "settings": {"url": "unix:///run/redis.sock"}}, "opens no Unix socket"),
        ({"kind": "redis", "settings": {"url": "redis://a", "ca": "/etc/passwd"}}, "reads no file for other machines"),
        (
            {"kind": "postgres", "settings": {"url": "postgresql:///a?host=/run/postgresql"}},
            "opens no Unix socket",
        ),
        (
            {"kind": "postgres", "settings": {"url": "postgresql://u@%2Frun%2Fpostgresql/a"}},
            "opens no Unix socket",
        ),
        ({"kind": "postgres", "settings": {"url": "postgresql://u@a/b?passfile=/srv/.pgpass"}}, "no stored secrets"),
        (
            {"kind": "postgres", "settings": {"url": "postgresql://u@a", "ca": "/a"}},
            "reads no file for other machines",
        ),
        ({"kind": "http", "settings": {"url": "http://a", "body-limit": 10**9}}, "at most 8388608 bytes are allowed"),
        (
            {"kind": "metrics", "settings": {"url": "http://a", "named": {"seconds": "s"}, "body_limit": 10**9}},
            "at most 8388608 bytes are allowed",
        ),
        ({"timeout": "2m"}, "timeout must be more than 0 and at most 1m"),
        ({"timeout": "0s"}, "timeout must be more than 0"),
    ],
)
def test_what_is_not_checked_at_for_others_is_refused_in_one_line(question: dict[str, Any], why: str) -> None:
    settings = {"address": "127.0.0.1:1"}
    answer = play(lambda port: said(port, check_of(**{"settings": settings, **question})))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"400", answer
    told = json.loads(body)["error"]
    assert why in told
    assert "\n" not in told


def test_a_condition_without_end_keeps_nobody_else_waiting() -> None:
    async def asked(port: int) -> bytes:
        settings = {"address": f"127.0.0.1:{port}"}
        checking = asyncio.ensure_future(said(port, check_of(settings=settings, **{"assert": [FOUR_LOOPS]})))
        while not checking.done():
            assert b" 200 " in await said(port, HEALTH)
        return await checking

    told = json.loads(play(asked).partition(b"\r\n\r\n")[2])
    assert told["outcome"] == "unknown"
    assert told["reason"].endswith("was not evaluated: it took longer than 1s")


def test_what_is_kept_ready_is_bounded_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.probing.remote.server._KEPT_BYTES", 20_000)

    async def ask() -> int:
        answers = ProbeServer()
        for number in range(10):
            condition = f"time.total < {number}.5" + " || false" * 400
            question = {"name": "home", "kind": "tcp", "timeout": "1s", "settings": {"address": "127.0.0.1:1"}}
            await answers.answer(Question.model_validate({**question, "assert": [condition]}))
        kept = len(answers._ready)
        await answers.close()
        return kept

    assert 1 <= asyncio.run(ask()) <= 6


def test_answers_that_may_hold_too_much_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()

    arrived = asyncio.Event()
    monkeypatch.setattr("drills.probing.remote.server._HELD", 1_500_000)

    async def ask() -> str:
        answers = ProbeServer()
        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            question = Question.model_validate(
                {"name": "home", "kind": "http", "timeout": "5s", "settings": {"url": url}}
            )
            checking = asyncio.create_task(answers.answer(question))
            await arrived.wait()
            try:
                await answers.answer(question.model_copy(update={"asker": "another"}))
            except Exception as error:  # noqa: BLE001 - what it is is asserted
                told = f"{type(error).__name__}: {error}"
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
        await answers.close()
        return told

    assert asyncio.run(ask()).startswith("Overloaded: overloaded: running checks may already hold 1048576 bytes")
