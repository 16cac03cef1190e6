"""Limits connections of clients that have not authenticated yet, and the time in which a header must arrive.

accepted ──header complete within 10 s──► answered ──the token was right──► kept alive
   │                └── otherwise aborted      └── otherwise closed
   └── too many: the oldest that has not shown the token makes room

The server's own limits begin with a complete header: without this, half a request could hold its descriptor for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Seconds for a request's header to arrive, from the first byte or, on a new connection, from the beginning.
HEADER_WITHIN = 10.0
#: Connections that are open at once, and those from one address that have not shown the token. One asker opens as many
#: at once as checks may go on at once.
MOST = 1024
MOST_UNKNOWN_FROM_ONE = 256
#: Bytes of a header.
HEADER_LIMIT = 16_384


class Connections:
    """The connections that are open, the oldest first. `most` and `most_unknown` as MOST and MOST_UNKNOWN_FROM_ONE."""

    def __init__(self, *, most: int = MOST, most_unknown: int = MOST_UNKNOWN_FROM_ONE) -> None:
        self._most = most
        self._most_unknown = most_unknown
        self._known: set[Connection] = set()
        self._unknown: dict[Connection, str] = {}

    def enter(self, connection: Connection, address: str) -> None:
        """Let one in that has not shown the token; others, or itself, are aborted when there are too many."""
        self._unknown[connection] = address
        from_there = [each for each, other in self._unknown.items() if other == address]
        if len(from_there) > self._most_unknown:
            from_there[0].abort()
        elif len(self._known) + len(self._unknown) > self._most:
            next(iter(self._unknown)).abort()

    def show_token(self, connection: Connection) -> None:
        if self._unknown.pop(connection, None) is not None:
            self._known.add(connection)

    def knows(self, connection: Connection) -> bool:
        return connection in self._known

    def leave(self, connection: Connection) -> None:
        self._unknown.pop(connection, None)
        self._known.discard(connection)


class Connection(H11Protocol):
    """One connection. The application finds it as `request.state.connection`."""

    def __init__(self, connections: Connections, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._connections = connections
        self._deadline: asyncio.TimerHandle | None = None
        self.app_state = {**self.app_state, "connection": self}

    def show_token(self) -> None:
        """Whoever is at the other end has the token."""
        self._connections.show_token(self)

    def abort(self) -> None:
        self._connections.leave(self)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_header()
        self._connections.enter(self, self.client[0] if self.client else "")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._await_header()
        elif self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._connections.knows(self):
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.leave(self)
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _await_header(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_WITHIN, self.abort)
