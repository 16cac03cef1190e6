"""An HTTP server whose replicas share one port, and which hands its work over without dropping a request.

All replicas listen on the same address (SO_REUSEPORT). One that is told to end takes the connections that the kernel
made for it already, stops listening, asks each client that holds a connection to open a new one (which another replica
takes), and ends when none is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import random
import socket
import struct
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_SO_ATTACH_FILTER = 26  # Linux's; the socket module does not name it

DRAIN_SECONDS = 2.0
#: A connection that was being made when newcomers began to be ignored is made after this time.
HANDSHAKE_SECONDS = 0.01
#: A connection that was accepted last has been asked nothing yet; its request comes within this time.
SETTLE_SECONDS = 0.2
#: Share of answers that close their connection, so that clients soon spread over replicas that were added later.
REBALANCED = 0.5


def _ignore_newcomers(listening: socket.socket) -> None:
    """New connections are ignored from now on, those that are being made are not: the kernel drops SYN packets.

    Who tries one tries again a moment later, and finds another replica.
    """
    instructions = (
        (0x30, 0, 0, 13),  # load the byte of TCP's flags
        (0x45, 0, 1, 0x02),  # is it a SYN?
        (0x06, 0, 0, 0),  # then drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # else pass it on whole
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in instructions))
    with contextlib.suppress(OSError):  # a kernel without packet filters: a request may be lost, rarely
        listening.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(instructions), ctypes.addressof(code))
        )


def _accept_all(listening: socket.socket) -> list[socket.socket]:
    """The connections that wait in it, which does not block."""
    connections: list[socket.socket] = []
    while True:
        try:
            connection, _ = listening.accept()
        except ConnectionAbortedError:
            continue  # that client gave up while it waited
        except OSError:
            return connections  # none is left, or no file descriptor is
        connection.setblocking(False)
        connections.append(connection)


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
        loop = asyncio.get_running_loop()
        # Closing a socket that listens resets each connection that is being made or waits in it, and with it a request;
        # and asyncio drops one that it accepted a moment before. So no new ones come, those on their way arrive, and
        # those that wait then are taken here.
        for listening in sockets or ():
            _ignore_newcomers(listening)
            loop.remove_reader(listening)
        await asyncio.sleep(HANDSHAKE_SECONDS)
        waiting = [connection for listening in sockets or () for connection in _accept_all(listening)]
        for server in self.servers:
            server.close()
        for connection in waiting:
            await loop.connect_accepted_socket(self._protocol, connection)
        began = loop.time()
        while (passed := loop.time() - began) < SETTLE_SECONDS or (  # noqa: ASYNC110
            self.server_state.connections and passed < DRAIN_SECONDS
        ):
            await asyncio.sleep(0.05)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return H11Protocol(self.config, self.server_state, self.lifespan.state)

    def serve_forever(self) -> None:
        """Raises OSError when the port cannot be listened on."""
        # With its protocol named, or asyncio leaves Nagle's algorithm on and answers wait 40 ms for an acknowledgement.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(self._address)
        self.run([listening])
