"""Bodies of HTTP answers, decoded piece by piece: a limit on the decoded size holds while they are decoded.

wire ──► gzip ──► br ──► at most `limit` bytes
         └ pieces of at most 64 KiB, each made only when the one before was counted
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import brotli

#: What can be decoded in bounded steps, as `Accept-Encoding` asks for it.
ACCEPTED = "gzip, deflate, br"
_STEP = 65_536
#: As in libcurl (MAX_ENCODE_STACK).
_MOST_CODINGS = 5
_GZIP_MAGIC = b"\x1f\x8b"


class BodyFault(Exception):
    """The body cannot be taken; the message is one line."""


class Body:
    """The body of one answer. `codings` is its `Content-Encoding`; `limit` is in bytes, after decoding.

    `content` is what has come so far, decoded; empty unless `kept`.
    """

    __slots__ = ("_codings", "_kept", "_length", "_limit", "_stages", "content")

    def __init__(self, limit: int, codings: str = "", *, kept: bool = True) -> None:
        self.content = bytearray()
        self._limit = limit
        self._codings = codings
        self._kept = kept
        self._length = 0
        self._stages: list[_Counted] | None = None

    def take(self, chunk: bytes) -> None:
        """What came from the wire. Raises BodyFault when it is too much, or not in its coding."""
        if not self._codings:
            self._add(chunk)
            return
        if self._stages is None:
            # Between two codings nothing is longer than what is packed in it, but for a few bytes of frame.
            self._stages = [_Counted(stage, self._limit + _STEP) for stage in _stages(self._codings)]
        try:
            for piece in _through(self._stages, chunk):
                self._add(piece)
        except _TooMuch:
            raise self._over() from None

    def end(self) -> None:
        """No more comes. Raises BodyFault when it is cut short; an empty one is whole in any coding."""
        for stage in self._stages or ():
            stage.end()

    def _add(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length > self._limit:
            raise self._over()
        if self._kept:
            self.content += piece

    def _over(self) -> BodyFault:
        return BodyFault(f"body over {self._limit} bytes, stopped")


class _TooMuch(Exception):
    """Something between two codings is longer than the body may be."""


class _Stage(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """What is decoded, in pieces of about `_STEP` bytes. Raises BodyFault."""

    def end(self) -> None:
        """Raises BodyFault when more should have come."""


class _Counted:
    def __init__(self, stage: _Stage, limit: int) -> None:
        self._stage = stage
        self._left = limit
        self.end = stage.end

    def feed(self, data: bytes) -> Iterator[bytes]:
        for piece in self._stage.feed(data):
            self._left -= len(piece)
            if self._left < 0:
                raise _TooMuch
            yield piece


def _through(stages: Sequence[_Counted], data: bytes) -> Iterator[bytes]:
    if not stages:
        yield data
        return
    for piece in stages[0].feed(data):
        yield from _through(stages[1:], piece)


def _stages(codings: str) -> list[_Stage]:
    """The last one that was applied comes first (RFC 9110 8.4)."""
    names = [name for name in (each.strip().lower() for each in codings.split(",")) if name]
    names = [name for name in names if name not in ("identity", "none")]
    if len(names) > _MOST_CODINGS:
        raise BodyFault(f"the body has {len(names)} nested codings; at most {_MOST_CODINGS} are decoded")
    for name in names:
        if name not in _DECODERS:
            raise BodyFault(f'the body has the coding "{name[:40]}"; only {ACCEPTED} are decoded')
    return [_DECODERS[name]() for name in reversed(names)]


class _Gzip:
    """One member or several (RFC 1952 2.2). What follows and is none is left out, as gzip, curl and browsers do."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._began = self._over = False
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._began = True
        while data and not self._over:
            if self._member.eof:
                data, self._held = self._held + data, b""
                if not _GZIP_MAGIC.startswith(data[:2]):
                    self._over = True
                    return
                if len(data) < len(_GZIP_MAGIC):
                    self._held = data
                    return
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield from _inflated(self._member, data, "gzip")
            data = self._member.unused_data

    def end(self) -> None:
        if self._began and not self._member.eof:
            raise BodyFault("the gzip body ends too early")


class _Deflate:
    """With zlib's frame (RFC 9110 8.4.1.2), or without, as some servers send it and curl and browsers take it."""

    def __init__(self) -> None:
        self._held = b""
        self._stream: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._held += data
            if len(self._held) < 2:
                return
            data, self._held = self._held, b""
            framed = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if framed else -zlib.MAX_WBITS)
        if not self._stream.eof:
            yield from _inflated(self._stream, data, "deflate")

    def end(self) -> None:
        if self._held or (self._stream is not None and not self._stream.eof):
            raise BodyFault("the deflate body ends too early")


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._began = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._began = True
        while not self._stream.is_finished():
            try:
                piece = self._stream.process(data, output_buffer_limit=_STEP)
            except brotli.error:
                raise BodyFault("the body is not br, though its Content-Encoding says so") from None
            data = b""
            if piece:
                yield piece
            elif self._stream.can_accept_more_data():  # all was taken in, and nothing waits to be given out
                return

    def end(self) -> None:
        if self._began and not self._stream.is_finished():
            raise BodyFault("the br body ends too early")


def _inflated(stream: Any, data: bytes, coding: str) -> Iterator[bytes]:
    while True:
        try:
            piece = stream.decompress(data, _STEP)
        except zlib.error:
            raise BodyFault(f"the body is not {coding}, though its Content-Encoding says so") from None
        yield piece
        data = stream.unconsumed_tail
        if stream.eof or (not data and len(piece) < _STEP):
            return


_DECODERS: dict[str, Any] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
}
