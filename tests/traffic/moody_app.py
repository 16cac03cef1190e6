"""An app for Locust's users that stalls, fails and recovers when a test says so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class App:
    """An HTTP server whose temper can be changed while it serves."""

    status: int = 200
    degraded: bool = False
    session: str = "first"
    """What every answer gives users to show; a request that shows another one is refused."""
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                await self.calm.wait()
                status = 500 if b" /error" in request else self.status
                if b"session=" in request and f"session={self.session} ".encode() not in request:
                    status = 401
                extra = f"X-Session: {self.session}\r\n" + ("X-Degraded: recommendations\r\n" if self.degraded else "")
                writer.write(f"HTTP/1.1 {status} Said\r\n{extra}Content-Length: 2\r\n\r\n{{}}".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def main(self, up: threading.Event) -> None:
        self.calm.set()
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.loop = asyncio.get_running_loop()
        up.set()
        await server.serve_forever()

    def do(self, change: Callable[[], Any]) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(change)
