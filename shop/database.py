"""The bounded pool of database connections."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from shop.errors import DatabaseUnavailable, PoolExhausted
from shop.logs import Forwarded
from shop.metrics import POOL_IN_USE, POOL_SIZE
from shop.settings import Settings

_FAILURES = (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError)
#: The pool waits between its attempts; a connection that was refused so long ago still tells why there is none.
_REFUSED_LATELY_SECONDS = 1.0


class Database:
    """At most `pool_size` connections; a request that waits longer than `pool_timeout` for one is refused."""

    def __init__(self, settings: Settings) -> None:
        self._pool = AsyncConnectionPool(
            _address(settings),
            kwargs={
                "autocommit": True,
                "connect_timeout": 3,
                "prepare_threshold": None,
                "application_name": f"shop {settings.release}",
            },
            min_size=0,
            max_size=settings.pool_size,
            timeout=settings.pool_timeout,
            # Given up soon: the next request tries afresh, so that a database that is back is found at once.
            reconnect_timeout=1.0,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        self._refused = Forwarded("database connection")
        self._patience = settings.pool_timeout
        self._taken: set[psycopg.AsyncConnection] = set()
        POOL_IN_USE.set(0)  # A container that starts again goes on with the files of its former life.
        POOL_SIZE.set(settings.pool_size)

    async def open(self) -> None:
        # Why no connection can be made (a wrong password, an unknown name) is known to the pool alone.
        logging.getLogger("psycopg.pool").handlers = [self._refused]
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=1)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """A connection in autocommit mode. Raises PoolExhausted or DatabaseUnavailable."""
        try:
            async with self._pool.connection() as connection:
                POOL_IN_USE.inc()
                try:
                    yield connection
                finally:
                    POOL_IN_USE.dec()
        except _FAILURES as error:
            raise self._told(error) from error

    async def take(self) -> psycopg.AsyncConnection:
        """A connection that is its taker's until it is given back. Raises as `connection` does."""
        try:
            connection = await self._pool.getconn()
        except _FAILURES as error:
            raise self._told(error) from error
        self._taken.add(connection)
        POOL_IN_USE.inc()
        return connection

    async def give_back(self, connection: psycopg.AsyncConnection) -> None:
        self._taken.discard(connection)
        POOL_IN_USE.dec()
        await self._pool.putconn(connection)

    @asynccontextmanager
    async def lasting_connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """A connection that its user goes on with from one request to the next. Raises as `connection` does."""
        connection = await self.take()
        try:
            yield connection
        except _FAILURES as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> PoolExhausted | DatabaseUnavailable:
        if not isinstance(error, PoolTimeout):
            return DatabaseUnavailable(str(error).strip().splitlines()[0] if str(error) else "database gone")
        why, at = self._refused.last
        if why.startswith("error connecting") and time.monotonic() - at < self._patience + _REFUSED_LATELY_SECONDS:
            return DatabaseUnavailable(why)
        return PoolExhausted("no database connection came free in time")

    async def answers(self) -> bool:
        """Whether the database answers a query."""
        try:
            async with self.connection() as connection:
                await connection.execute("SELECT 1")
        except (PoolExhausted, DatabaseUnavailable):
            return False
        return True


def _address(settings: Settings) -> str:
    if not settings.database_password:
        return settings.database_url
    return make_conninfo(settings.database_url, password=settings.database_password)
