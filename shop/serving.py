"""An HTTP server whose replicas share one port, and which hands its work over without dropping a request.

All replicas listen on the same address (SO_REUSEPORT). One that is told to end stops listening, asks each client
that still holds a connection to open a new one (which another replica takes), and ends when none is left.
"""

from __future__ import annotations

import asyncio
import random
import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DRAIN_SECONDS = 2.0
#: Share of answers that close their connection, so that clients soon spread over replicas that were added later.
REBALANCED = 0.5


class Handover:
    """Closes client connections after an answer: all of them while draining, `REBALANCED` of them otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_maybe_close(message: Message) -> None:
            if message["type"] == "http.response.start" and (self.draining or random.random() < REBALANCED):
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, send_and_maybe_close)


class Replica(uvicorn.Server):
    """Writes `ready_file` once it listens; drains before it ends."""

    def __init__(self, app: ASGIApp, host: str, port: int, ready_file: Path | None) -> None:
        self._handover = Handover(app)
        self._address = (host, port)
        self._ready_file = ready_file
        super().__init__(
            uvicorn.Config(
                self._handover,
                log_config=None,
                access_log=False,
                lifespan="on",
                http="h11",
                ws="none",
                timeout_graceful_shutdown=3,
                timeout_keep_alive=30,
                backlog=1024,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # The port is listened on only after the app's own start: until then the other replicas take all requests.
        await super().startup(sockets)
        if self.started and self._ready_file is not None:
            self._ready_file.write_text("ready\n", encoding="utf-8")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._handover.draining = True
        for server in self.servers:
            server.close()
        for listening in sockets or ():
            listening.close()
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while self.server_state.connections and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await super().shutdown([])

    def serve_forever(self) -> None:
        """Raises OSError when the port cannot be listened on."""
        # With its protocol named, or asyncio leaves Nagle's algorithm on and answers wait 40 ms for an acknowledgement.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(self._address)
        self.run([listening])
