"""`drills prober`: answers questions over HTTP to whoever has the token.

POST /check    Authorization: Bearer TOKEN; a Question, and its Answer; what cannot be checked is one line in `error`
GET  /health  whether it answers at all; shows nothing, and needs no token
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import ipaddress
import logging
import socket
from collections.abc import Iterator
from functools import partial
from typing import cast

import uvicorn
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from drills.errors import BadInput, EnvironmentFailed
from drills.probing.net.connecting import os_reason
from drills.probing.net.descriptors import connection_limit
from drills.probing.remote.connections import HEADER_LIMIT, MOST, Connection, Connections
from drills.probing.remote.messages import FORMAT, Question
from drills.probing.remote.server import CONCURRENT_CHECKS, Overloaded, ProbeServer

#: Bytes of a question; a file of all the certificates that a machine trusts is half of that.
_QUESTION_LIMIT = 524_288
#: Seconds for a question to arrive.
_PATIENCE = 10.0
#: Seconds that an idle connection is kept: longer than those who ask keep theirs.
_KEEP_ALIVE = 75


def listen_at(address: str) -> socket.socket:
    """A socket that listens at HOST:PORT; port 0 is one that is free. Raises BadInput and EnvironmentFailed."""
    host, colon, port = address.rpartition(":")
    host = host.strip("[]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise BadInput(f"--listen: {address!r} is not an address; write HOST:PORT, such as 127.0.0.1:8970")
    try:
        family, *_, where = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        return socket.create_server(where[:2], family=family, backlog=512)
    except OSError as error:
        raise EnvironmentFailed(
            f"cannot listen at {address}: {os_reason(error)}; choose another with --listen"
        ) from None


def url_of(listener: socket.socket) -> str:
    """Where it listens, as drills.yaml of those who ask names it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def goes_beyond_this_machine(listener: socket.socket) -> bool:
    """Whether other machines can reach it."""
    return not ipaddress.ip_address(listener.getsockname()[0]).is_loopback


async def serve_checks(listener: socket.socket, token: str, kinds: frozenset[str] | None = None) -> None:
    """Answer with probes of these kinds until cancelled; checks that go on then are given up."""
    probe_server = ProbeServer(kinds=kinds)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    server = _Server(
        uvicorn.Config(
            application(token, probe_server),
            http=cast(
                "type[asyncio.Protocol]",
                partial(Connection, Connections(most=connection_limit(MOST + CONCURRENT_CHECKS) - CONCURRENT_CHECKS)),
            ),
            h11_max_incomplete_event_size=HEADER_LIMIT,
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="none",
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=1,
            server_header=False,
        )
    )
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
        await probe_server.close()


class _Server(uvicorn.Server):
    """Signals are for whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def application(token: str, probe_server: ProbeServer) -> Starlette:
    """The web application; `token` is wanted of everyone who asks for a check."""

    async def check(request: Request) -> Response:
        if not _knows(token, request.headers.get("authorization", "")):
            return _refusal(401, "the token is missing or wrong")
        request.state.connection.show_token()
        try:
            async with asyncio.timeout(_PATIENCE):
                body = await _body(request)
        except _TooLong:
            return _refusal(413, f"the question has more than {_QUESTION_LIMIT} bytes")
        except (TimeoutError, ClientDisconnect):
            return _refusal(408, "the question did not arrive")
        try:
            answer = await probe_server.answer(_question(body))
        except BadInput as error:
            return _refusal(400, str(error))
        except Overloaded as error:
            return _refusal(503, str(error))
        return Response(answer.model_dump_json(by_alias=True), media_type="application/json")

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(routes=[Route("/check", check, methods=["POST"]), Route("/health", health)])


class _TooLong(Exception):
    """The question is over the limit."""


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _QUESTION_LIMIT:
            raise _TooLong
    return body


def _question(body: bytes) -> Question:
    """Raises BadInput, in one line, for what is not a question of this version."""
    try:
        data = from_json(body)
    except ValueError as error:
        raise BadInput(f"the question is not JSON ({error})") from None
    stated = data.get("format") if isinstance(data, dict) else None
    if isinstance(stated, int) and stated > FORMAT:
        raise BadInput(f"the question is of format {stated}, newer than this prober's {FORMAT}; upgrade it")
    try:
        return Question.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the question"
        raise BadInput(f"{field}: {first['msg']}".replace("\n", " ")) from None


def _knows(token: str, header: str) -> bool:
    scheme, _, given = header.partition(" ")
    alike = hmac.compare_digest(_digest(given.strip()), _digest(token))
    return alike and scheme.lower() == "bearer"


def _digest(text: str) -> bytes:
    """Its digest, which is compared instead: the time to compare texts of different lengths would reveal the length."""
    return hashlib.sha256(text.encode()).digest()


def _refusal(status: int, line: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"error": line}, status_code=status, headers=headers)
