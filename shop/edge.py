"""The edge: ends TLS and hands the bytes over to the app, as a load balancer does in front of a shop.

    python -m shop.edge --port P --upstream HOST:PORT --certificate FILE     (FILE holds certificate and key)

SIGHUP loads the certificate anew and closes open connections as soon as they are quiet, so that clients see it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import ssl
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from shop.logs import log

HANDSHAKE_SECONDS = 5.0
CONNECT_SECONDS = 3.0
#: How long a client may take to say goodbye after the edge did.
SHUTDOWN_SECONDS = 1.0
#: A connection that waits for no answer and was silent for so long is between two requests.
QUIET_SECONDS = 0.05
#: How long an answer that is still awaited may keep a connection open, after SIGHUP and at the end.
PATIENCE_SECONDS = 3.0
_LOG_EVERY_SECONDS = 1.0


class Side(asyncio.Protocol):
    """One end of a connection through the edge: what arrives here is written to `other`."""

    def __init__(self, passage: Passage, *, client: bool) -> None:
        self._passage = passage
        self._client = client
        self.transport: asyncio.Transport | None = None
        self.other: Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self._client:
            transport.pause_reading()  # until the app's side is there

    def data_received(self, data: bytes) -> None:
        self._passage.moved(to_app=self._client)
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        self._passage.close()


class Passage:
    """A client's connection and its twin to the app. Of the bytes it knows only when they moved, and whereto."""

    def __init__(self) -> None:
        self.client = Side(self, client=True)
        self.app = Side(self, client=False)
        self._moved_at = time.monotonic()
        self._awaits_answer = False
        self.ended = asyncio.Event()

    def moved(self, *, to_app: bool) -> None:
        self._moved_at = time.monotonic()
        self._awaits_answer = to_app

    def is_quiet(self) -> bool:
        if self.client.transport is None:  # it is about to shake hands
            return False
        return not self._awaits_answer and time.monotonic() - self._moved_at >= QUIET_SECONDS

    def join(self) -> None:
        self.client.other, self.app.other = self.app, self.client
        if self.client.transport is not None:
            self.client.transport.resume_reading()

    def close(self) -> None:
        """Both sides, after what was written to them is sent."""
        for side in (self.client, self.app):
            if side.transport is not None:
                side.transport.close()
        self.ended.set()


class Edge:
    def __init__(self, certificate: Path, upstream: tuple[str, int]) -> None:
        self._certificate = certificate
        self._upstream = upstream
        self._context = _context(certificate)
        self._passages: set[Passage] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._logged: dict[str, float] = {}

    async def serve(self, listening: socket.socket) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _address = await loop.sock_accept(listening)
            except OSError as error:  # no file descriptor left, or the client was gone at once
                self._log("connection not accepted", str(error))
                await asyncio.sleep(0.05)
                continue
            self._keep(self._carry(accepted))

    def reload(self) -> None:
        try:
            self._context = _context(self._certificate)
        except (OSError, ssl.SSLError) as error:
            log("error", "certificate not loaded, the former one stays", error=str(error))
            return
        log("info", "certificate loaded")
        self._keep(self.close_all())

    async def close_all(self) -> None:
        """Close the connections that are open now, each when it is quiet, and all of them after `PATIENCE_SECONDS`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        left = set(self._passages)
        while left:
            for passage in list(left):
                if passage.is_quiet() or time.monotonic() > deadline:
                    passage.close()
            left &= self._passages
            await asyncio.sleep(QUIET_SECONDS / 2)

    async def _carry(self, accepted: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        passage = Passage()
        self._passages.add(passage)
        try:
            await loop.connect_accepted_socket(
                lambda: passage.client,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    await loop.create_connection(lambda: passage.app, *self._upstream)
            if passage.app.transport is None:
                self._log("the app takes no connection", f"{self._upstream[0]}:{self._upstream[1]}")
                return
            passage.join()
            await passage.ended.wait()
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            if str(error):  # a client that only looks whether the port is open says nothing
                self._log("TLS handshake failed", str(error))
        finally:
            passage.close()
            self._passages.discard(passage)

    def _keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _log(self, message: str, error: str) -> None:
        """At most one line a second for each kind: thousands of clients may fail alike."""
        now = time.monotonic()
        if now - self._logged.get(message, -_LOG_EVERY_SECONDS) >= _LOG_EVERY_SECONDS:
            self._logged[message] = now
            log("error", message, error=error)


def _context(certificate: Path) -> ssl.SSLContext:
    """Raises OSError or ssl.SSLError when the certificate cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate)
    context.num_tickets = 0  # A session that is taken up again would never see a new certificate.
    context.options |= ssl.OP_NO_TICKET
    return context


async def run(listening: socket.socket, edge: Edge) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, edge.reload)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    serving = asyncio.create_task(edge.serve(listening))
    log("info", "started", port=listening.getsockname()[1])
    await ending.wait()
    serving.cancel()
    listening.close()
    await edge.close_all()
    log("info", "ended")


def main() -> None:
    parser = argparse.ArgumentParser(description="The TLS edge of the shop.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True, metavar="HOST:PORT")
    parser.add_argument("--certificate", type=Path, required=True, help="certificate and key in one PEM file")
    arguments = parser.parse_args()
    host, _, port = arguments.upstream.rpartition(":")
    edge = Edge(arguments.certificate, (host, int(port)))
    # With its protocol named, or asyncio leaves Nagle's algorithm on (see shop.serving).
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((arguments.host, arguments.port))
    listening.listen(1024)
    listening.setblocking(False)
    asyncio.run(run(listening, edge))


if __name__ == "__main__":
    main()
