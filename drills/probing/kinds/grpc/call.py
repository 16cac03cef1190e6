"""One unary gRPC call over an open connection: a message out, a message and a status back.

Written on `h2`, which HTTP/2 probes need anyway, and not on grpcio: its client resolves names, connects and tries again
by itself, so that no phase could be timed and no reason distinguished.
https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError

#: Status codes by their numbers (grpc/doc/statuscodes.md).
CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
#: What a status of HTTP means where there is none of gRPC (grpc/doc/http-grpc-status-mapping.md).
_OF_HTTP = {
    **{400: "INTERNAL", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "UNIMPLEMENTED"},
    **dict.fromkeys((429, 502, 503, 504), "UNAVAILABLE"),
}
#: What a stream's reset means (PROTOCOL-HTTP2.md, "Errors"); any other: INTERNAL.
_OF_RESET = {7: "UNAVAILABLE", 8: "CANCELLED", 11: "RESOURCE_EXHAUSTED", 12: "PERMISSION_DENIED"}
#: Bytes of a frame's head, and the type of one with settings (RFC 9113, 4.1 and 6.5).
_HEAD = 9
_SETTINGS = 4
#: Bytes of an answer.
_LONGEST = 65_536
_CHUNK = 16_384


class NotGrpc(Exception):
    """What came is no gRPC; the message is one line."""


@dataclass(slots=True)
class Reply:
    """`code` is a name of `CODES`; `message` is the server's own words about it; `body` the message, without frame."""

    code: str
    message: str = ""
    body: bytes = b""


@dataclass(slots=True)
class _Coming:
    """What has come so far of one stream."""

    headers: dict[str, str] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: int | None = None


async def call(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    headers: Mapping[str, str],
    message: bytes,
    first_byte: Callable[[], None],
) -> Reply:
    """Send `message` and wait for the answer; `first_byte` is called when the first byte of any answer is there.

    `headers` are all of the request, pseudo-headers first. Raises NotGrpc, and OSError for a broken connection.
    """
    connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    stream = connection.get_next_available_stream_id()
    connection.send_headers(stream, list(headers.items()))
    connection.send_data(stream, struct.pack(">BI", 0, len(message)) + message, end_stream=True)
    writer.write(connection.data_to_send())
    await writer.drain()
    coming = _Coming()
    chunk = await _beginning(reader)
    first_byte()
    while not coming.ended:
        if not chunk:
            raise NotGrpc("connection closed in the middle of the answer")
        try:
            events = connection.receive_data(chunk)
        except (ProtocolError, UnicodeDecodeError):
            raise NotGrpc("the answer is not gRPC") from None
        for event in events:
            _take(event, coming, connection)
        writer.write(connection.data_to_send())
        chunk = b"" if coming.ended else await reader.read(_CHUNK)
    return _reply(coming)


async def _beginning(reader: asyncio.StreamReader) -> bytes:
    """The head of the first frame. A server's first one is its settings (RFC 9113, 3.4); h2 would wait for the rest of
    whatever another protocol's first bytes are taken for.
    """
    try:
        head = await reader.readexactly(_HEAD)
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            raise NotGrpc("connection closed without an answer") from None
        head = error.partial
    if len(head) == _HEAD and head[3] == _SETTINGS and not any(head[5:]):
        return head
    if head.startswith(b"HTTP/1"):
        raise NotGrpc("it answers HTTP/1, and not HTTP/2 as gRPC does")
    if head[:2] == b"\x15\x03":  # an alert (RFC 8446, 5.1)
        raise NotGrpc("it speaks TLS; write 'tls: true'")
    raise NotGrpc("the answer is not gRPC")


def _take(event: Event, coming: _Coming, connection: H2Connection) -> None:
    match event:
        case ResponseReceived() | TrailersReceived():
            coming.headers |= _texts(event.headers)
        case DataReceived():
            coming.data += event.data
            if len(coming.data) > _LONGEST:
                raise NotGrpc(f"the answer is longer than {_LONGEST} bytes, the most that a probe reads")
            connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        case StreamEnded():
            coming.ended = True
        case StreamReset():
            coming.ended, coming.reset = True, _number(event.error_code)
        case ConnectionTerminated():
            if event.last_stream_id == 0:
                coming.ended, coming.reset = True, _number(event.error_code) or 7


def _number(code: int | None) -> int:
    return 0 if code is None else int(code)


def _texts(headers: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in headers}


def _reply(coming: _Coming) -> Reply:
    headers = coming.headers
    if "grpc-status" in headers:
        written = headers["grpc-status"]
        known = written.isascii() and written.isdigit() and int(written[:4]) < len(CODES)
        code = CODES[int(written)] if known else "UNKNOWN"
        message = unquote_to_bytes(headers.get("grpc-message", "")).decode("utf-8", "replace")
        return Reply(code, message, _unframed(bytes(coming.data)) if code == "OK" else b"")
    if coming.reset is not None:
        return Reply(_OF_RESET.get(coming.reset, "INTERNAL"), f"the server cancelled the call (error {coming.reset})")
    status = headers.get(":status", "")
    if status != "200":
        return Reply(_OF_HTTP.get(int(status) if status.isdigit() else 0, "UNKNOWN"), f"HTTP status {status}")
    if not headers.get("content-type", "").startswith("application/grpc"):
        raise NotGrpc("it answers HTTP/2, and not gRPC")
    raise NotGrpc("the answer has no grpc-status")


def _unframed(data: bytes) -> bytes:
    """The one message of an answer (a flag, four bytes of its length, the message)."""
    if len(data) < 5 or len(data) != 5 + int.from_bytes(data[1:5]):
        raise NotGrpc("the answer is not one message")
    if data[0]:
        raise NotGrpc("the answer is compressed, which was not asked for")
    return data[5:]
