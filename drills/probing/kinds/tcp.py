"""One TCP connection; optionally something sent and something expected."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from urllib.parse import urlsplit

from drills.probing.bind import BoundProbe
from drills.probing.connecting import NOT_REACHED, open_first, unreached
from drills.probing.seen import Look, Means, Seen
from drills.probing.settings import TcpSettings

_ANSWER_LIMIT = 65_536


def host_and_port(address: str) -> tuple[str, int]:
    """Of `host:port` or of a URL. Raises ValueError, saying what would be right."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    port = parts.port or {"http": 80, "https": 443, "postgresql": 5432, "redis": 6379}.get(parts.scheme)
    if not parts.hostname or port is None:
        raise ValueError(f"{address!r} has no host and port; write host:port")
    return parts.hostname, port


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that connects once, sends and reads what the settings say."""
    settings = cast(TcpSettings, probe.settings)
    host, port = host_and_port(settings.address)

    async def look() -> Seen:
        began = means.monotonic()
        phases: dict[str, float] = {}
        try:
            async with asyncio.timeout(probe.timeout):
                found = await means.resolver.resolve(host, probe.timeout)
                if found.seconds is not None:
                    phases["dns"] = means.monotonic() - began
                reader, writer = await open_first(found.addresses, port)
                try:
                    phases["connect"] = means.monotonic() - began
                    answer = await _talk(settings, reader, writer)
                    if settings.expect is not None:
                        phases["first-byte"] = means.monotonic() - began
                finally:
                    writer.transport.abort()
        except NOT_REACHED as why:
            return unreached(why, probe.timeout, phases)
        phases["total"] = means.monotonic() - began
        values: dict[str, Any] = {"time": {key.replace("-", "_"): value for key, value in phases.items()}}
        if settings.expect is not None:
            values["answer"] = answer
            if settings.expect not in answer:
                said = " ".join(answer.split())[:60]
                return Seen(values, phases, failure=f'answered "{said}", without "{settings.expect}"')
        return Seen(values, phases)

    return look


async def _talk(settings: TcpSettings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    if settings.send is not None:
        writer.write(settings.send.encode())
        await writer.drain()
    answer = ""
    while settings.expect is not None and settings.expect not in answer and len(answer) < _ANSWER_LIMIT:
        chunk = await reader.read(4096)
        if not chunk:
            break
        answer += chunk.decode("utf-8", "replace")
    return answer
