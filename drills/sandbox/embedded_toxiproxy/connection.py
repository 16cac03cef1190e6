"""A proxied connection: the client's socket, the service's socket, and a link for each direction."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import cast

from drills.sandbox.embedded_toxiproxy.link import Link
from drills.sandbox.embedded_toxiproxy.toxics import Toxic

_NO_LINGER = struct.pack("ii", 1, 0)


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port`; an empty host is the loopback. Raises ValueError."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"address {address}: missing or invalid port")
    return host.strip("[]") or "127.0.0.1", int(port)


class Peer(asyncio.Protocol):
    """One socket; what it reads goes into `onward`. Until there is one, nothing is read."""

    def __init__(self, made: Callable[[Peer], None], lost: Callable[[Peer], None]) -> None:
        self._made, self._lost = made, lost
        self.onward: Link | None = None
        self.opposite: Peer | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._reset = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport.pause_reading()
        self._made(self)

    def data_received(self, data: bytes) -> None:
        if self.onward is not None:
            self.onward.received(data)

    def eof_received(self) -> bool:
        if self.onward is not None:
            self.onward.ended()
        return True  # stays open for the answer that may still be on its way

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._room.set()
        if self.onward is not None:
            self.onward.ended()
        self._lost(self)

    def pause_writing(self) -> None:
        self._room.clear()
        if self.opposite is not None:
            self.opposite.pause_reading()

    def resume_writing(self) -> None:
        self._room.set()
        if self.opposite is not None:
            self.opposite.resume_reading()

    # ---- what the links ask of it ----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    async def writable(self) -> None:
        await self._room.wait()

    def pause_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def reset_when_closed(self) -> None:
        self._reset = True

    def close(self) -> None:
        if self.transport.is_closing():
            return
        if self._reset:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.transport.abort()
        else:
            self.transport.close()


class Connection:
    """Begins with the accepted client; `gone` is told when both sockets are closed."""

    def __init__(self, upstream: str, toxics: Callable[[str], list[Toxic]], gone: Callable[[Connection], None]) -> None:
        self._upstream, self._toxics, self._gone = upstream, toxics, gone
        self.client = Peer(self._accepted, self._lost)
        self._service: Peer | None = None
        self._open: set[Peer] = set()
        self._links: dict[str, Link] = {}
        self._dialling: asyncio.Task[None] | None = None

    def _accepted(self, client: Peer) -> None:
        self._open.add(client)
        self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        try:
            host, port = split_address(self._upstream)
            _, service = await asyncio.get_running_loop().create_connection(
                lambda: Peer(self._open.add, self._lost), host, port
            )
        except (OSError, ValueError):
            self.client.transport.abort()
            if not self._open:  # the client has left meanwhile
                self._gone(self)
            return
        client, self._service = self.client, service
        client.opposite, service.opposite = service, client
        self._links = {
            "upstream": Link(client, service, self._toxics("upstream")),
            "downstream": Link(service, client, self._toxics("downstream")),
        }
        client.onward, service.onward = self._links["upstream"], self._links["downstream"]
        if client.transport.is_closing():
            client.onward.ended()
        client.resume_reading()
        service.resume_reading()

    def _lost(self, peer: Peer) -> None:
        self._open.discard(peer)
        if not self._open and (self._dialling is None or self._dialling.done()):
            for link in self._links.values():
                link.stop()
            self._gone(self)

    def link(self, stream: str) -> Link | None:
        """The link of that direction; none before the service has answered."""
        return self._links.get(stream)

    def cut(self) -> None:
        """Close both sockets at once."""
        if self._dialling is not None:
            self._dialling.cancel()
        for link in self._links.values():
            link.stop()
        for peer in tuple(self._open):
            peer.transport.abort()
