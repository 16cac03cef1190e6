"""One TCP connection; optionally something sent and something expected."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from drills.probing.bind import BoundProbe
from drills.probing.kinds.tcp.settings import TcpSettings
from drills.probing.net.connecting import NOT_REACHED, open_first, unreached
from drills.probing.net.server_url import host_and_port
from drills.probing.seen import Check, ProbeContext, Seen

#: Bytes of an answer that are searched for what is expected; some servers never stop.
_ANSWER_LIMIT = 65_536


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that connects once, sends and reads what the settings say."""
    settings = cast(TcpSettings, probe.settings)
    host, port = host_and_port(settings.address)

    async def check() -> Seen:
        began = context.monotonic()
        phases: dict[str, float] = {}
        try:
            async with asyncio.timeout(probe.timeout):
                found = await context.resolver.resolve(host, probe.timeout)
                if found.seconds is not None:
                    phases["dns"] = context.monotonic() - began
                reader, writer = await open_first(found.addresses, port)
                try:
                    phases["connect"] = context.monotonic() - began
                    if settings.send is not None:
                        writer.write(settings.send.encode())
                        await writer.drain()
                    answer = await answer_of(settings, reader)
                    if settings.expect is not None:
                        phases["first-byte"] = context.monotonic() - began
                finally:
                    writer.transport.abort()
        except NOT_REACHED as why:
            return unreached(why, probe.timeout, phases)
        phases["total"] = context.monotonic() - began
        values: dict[str, Any] = {"time": {key.replace("-", "_"): value for key, value in phases.items()}}
        if settings.expect is not None:
            values["answer"] = answer.decode("utf-8", "replace")
            return Seen(values, phases, failure=_wrong(settings.expect, answer))
        return Seen(values, phases)

    return check


async def answer_of(settings: TcpSettings, reader: asyncio.StreamReader) -> bytes:
    """What comes, until what is expected is in it, or nothing more comes, or it is too long."""
    answer = bytearray()
    if settings.expect is not None:
        expected = settings.expect.encode()
        while expected not in answer and len(answer) < _ANSWER_LIMIT and (chunk := await reader.read(4096)):
            answer += chunk
    return bytes(answer)


def _wrong(expect: str, answer: bytes) -> str:
    if expect.encode() in answer:
        return ""
    if not answer:
        return f'no answer before the connection was closed, not "{expect}"'
    said = " ".join(answer[:400].decode("utf-8", "replace").split())[:60]
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in said)
    more = f" in its first {_ANSWER_LIMIT} bytes" if len(answer) >= _ANSWER_LIMIT else ""
    return f'answered "{shown}", without "{expect}"{more}'
