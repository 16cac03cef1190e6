"""Whether the prober itself can still reach anything, checked when all targets fail at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

#: Whether the prober's own network works.
Connectivity = Callable[[], Awaitable[bool]]


async def own_connectivity(timeout: float = 1.0) -> bool:
    """Connect over loopback to a listening socket of one's own: descriptors, ports and the network stack work."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b".")
        writer.close()

    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(timeout), await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            try:
                return await reader.read(1) == b"."
            finally:
                writer.close()
    return False
