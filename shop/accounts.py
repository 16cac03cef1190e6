"""Customers who log in."""

from __future__ import annotations

import hmac

from shop.cache import Cache
from shop.database import Database
from shop.errors import NotAuthorised
from shop.metrics import LOGINS
from shop.schema import password_hash


class Accounts:
    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def log_in(self, user: str, password: str) -> str:
        """The token of a new session. Raises NotAuthorised."""
        try:
            token = await self._cache.begin_session(await self._customer(user, password))
        except NotAuthorised:
            LOGINS.labels("refused").inc()
            raise
        except BaseException:
            LOGINS.labels("failed").inc()
            raise
        LOGINS.labels("ok").inc()
        return token

    async def _customer(self, user: str, password: str) -> int:
        async with self._database.connection() as connection:
            found = await connection.execute(
                "SELECT id, password_salt, password_hash FROM customers WHERE name = %s", (user,)
            )
            row = await found.fetchone()
        if row is None or not hmac.compare_digest(password_hash(password, row[1]), row[2]):
            raise NotAuthorised("unknown user or wrong password")
        return int(row[0])
