"""What a probe needs of Redis' protocol, RESP 2: commands out, one reply back for each.

Written here so that nothing is sent but what the probe asks: a client library greets the server with commands (HELLO,
CLIENT SETINFO) that an account for monitoring may not run.
https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

import asyncio
import re

#: Bytes of one reply; INFO of a large server has some ten thousand.
_LONGEST = 1_048_576
_LINE_END = b"\r\n"


class Refused(Exception):
    """The server answered with an error, such as `NOPERM …`; the message is its own words, in one line."""

    @property
    def code(self) -> str:
        """Its first word: ERR, NOAUTH, NOPERM, WRONGPASS, LOADING …"""
        return str(self).partition(" ")[0]


class NotRedis(Exception):
    """What came is no reply; the message is one line."""


class RespConnection:
    """An open connection. What breaks it raises OSError or NotRedis."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, *words: str) -> str:
        """Send a command and wait for its reply, a text or a number as text. Raises Refused."""
        parts = [word.encode() for word in words]
        self._writer.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts))
        await self._writer.drain()
        line = await self._line()
        kind, rest = line[:1], line[1:].decode("utf-8", "replace")
        if kind == b"-":
            raise Refused(" ".join(rest.split())[:200])
        if kind in (b"+", b":"):
            return rest
        if kind != b"$" or not rest.removeprefix("-").isdecimal():
            raise NotRedis("the answer is not Redis")
        return await self._bulk(int(rest))

    async def _bulk(self, length: int) -> str:
        if length < 0:
            return ""
        if length > _LONGEST:
            raise NotRedis(f"a reply of {length} bytes is longer than a probe can read")
        try:
            whole = await self._reader.readexactly(length + len(_LINE_END))
        except asyncio.IncompleteReadError:
            raise NotRedis("connection closed in the middle of the answer") from None
        return whole[:length].decode("utf-8", "replace")

    async def _line(self) -> bytes:
        try:
            return (await self._reader.readuntil(_LINE_END)).removesuffix(_LINE_END)
        except asyncio.IncompleteReadError as error:
            part = error.partial
            raise NotRedis("the answer is not Redis" if part else "connection closed without an answer") from None
        except asyncio.LimitOverrunError:
            raise NotRedis("the answer is not Redis") from None


def read_info(text: str) -> dict[str, object]:
    """INFO's lines as values: numbers as numbers, `a=1,b=2` as a mapping, `a,b` as a list.

    What is no such line is left out. Modules, of which each has a line of that name, are a list, `modules`.
    """
    found: dict[str, object] = {}
    modules = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if name == "module":
            modules.append(_value(value))
        elif colon and not line.startswith("#"):
            found[name] = _value(value)
    return {**found, "modules": modules} if modules else found


def _value(text: str) -> object:
    parts = [part for part in text.split(",") if part]
    if "=" in text:
        return {name: _number(value) for name, mark, value in (part.partition("=") for part in parts) if mark}
    return [_number(part) for part in parts] if "," in text else _number(text)


def _number(text: str) -> object:
    """Only what is written as one: a build's id such as 35e5 is none."""
    if not re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", text, re.ASCII):
        return text
    return float(text) if "." in text else int(text)
