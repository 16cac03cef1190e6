"""A proxy: a listening address, the address of the service behind it, and its toxics."""

from __future__ import annotations

import asyncio
from typing import Any

from drills.sandbox.embedded_toxiproxy.connection import Connection, split_address
from drills.sandbox.embedded_toxiproxy.toxics import Toxic


class Proxy:
    """`enabled` proxies listen; disabling refuses new connections and closes the open ones."""

    def __init__(self, name: str, listen: str, upstream: str) -> None:
        self.name, self.upstream = name, upstream
        self.listen = listen or "127.0.0.1:0"
        self.toxics: dict[str, Toxic] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    @property
    def enabled(self) -> bool:
        return self._server is not None

    def shown(self) -> dict[str, Any]:
        order = ("upstream", "downstream")
        toxics = sorted(self.toxics.values(), key=lambda toxic: order.index(toxic.stream))
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": [toxic.shown() for toxic in toxics],
        }

    async def start(self) -> None:
        """Raises OSError (the port is taken) or ValueError (no address)."""
        if self._server is not None:
            return
        host, port = split_address(self.listen)
        self._server = await asyncio.get_running_loop().create_server(self._accept, host, port, backlog=512)
        bound = self._server.sockets[0].getsockname()
        self.listen = f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"

    def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for connection in tuple(self._connections):
            connection.cut()
        self._connections.clear()

    async def change(self, *, listen: str, upstream: str, enabled: bool) -> None:
        """Raises OSError or ValueError, as `start`."""
        host, port = split_address(listen)
        if split_address(self.listen) != (host, port) or self.upstream != upstream:
            self.stop()
            self.listen, self.upstream = listen, upstream
        if enabled:
            await self.start()
        else:
            self.stop()

    def add(self, toxic: Toxic) -> None:
        self.toxics[toxic.name] = toxic
        for connection in self._connections:
            if (link := connection.link(toxic.stream)) is not None:
                link.add(toxic)

    def changed(self, toxic: Toxic) -> None:
        """Tell the open connections that `toxic` is not what it was."""
        for connection in self._connections:
            if (link := connection.link(toxic.stream)) is not None:
                link.change(toxic)

    def remove(self, toxic: Toxic) -> None:
        del self.toxics[toxic.name]
        for connection in tuple(self._connections):
            if (link := connection.link(toxic.stream)) is not None:
                link.remove(toxic.name)

    def _accept(self) -> asyncio.Protocol:
        connection = Connection(self.upstream, self._toxics_of, self._connections.discard)
        self._connections.add(connection)
        return connection.client

    def _toxics_of(self, stream: str) -> list[Toxic]:
        return [toxic for toxic in self.toxics.values() if toxic.stream == stream]
