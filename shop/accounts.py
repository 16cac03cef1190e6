"""Customers who log in."""

from __future__ import annotations

import hashlib
import hmac

from shop.cache import Cache
from shop.database import Database
from shop.errors import ExternalApiTooSlow, ExternalApiUnreachable, NotAuthorised
from shop.external import ExternalApi
from shop.logs import log
from shop.metrics import LOGINS
from shop.schema import password_hash

#: Rounds of each step of `password_cost` above the first; 400 steps are about a second of processor time.
ROUNDS_A_STEP = 10_000


class Accounts:
    def __init__(self, database: Database, cache: Cache, external: ExternalApi, password_cost: int) -> None:
        self._database = database
        self._cache = cache
        self._external = external
        self._password_cost = password_cost

    async def log_in(self, user: str, password: str) -> tuple[str, bool]:
        """The token of a new session, and whether the provider confirmed who it is.

        A provider that does not answer keeps nobody out; one that refuses to say does. Raises NotAuthorised,
        ExternalApiFailed, CacheUnavailable.
        """
        try:
            customer = await self._customer(user, password)
            confirmed = await self._confirmed(user)
            token = await self._cache.begin_session(customer)
        except NotAuthorised:
            LOGINS.labels("refused").inc()
            raise
        except BaseException:
            LOGINS.labels("failed").inc()
            raise
        LOGINS.labels("ok").inc()
        return token, confirmed

    async def customer_of(self, token: str) -> int:
        """Whose session it is. Raises NotAuthorised, CacheUnavailable."""
        customer = await self._cache.customer_of(token)
        if customer is None:
            raise NotAuthorised("the session has ended: log in again")
        return customer

    async def _confirmed(self, user: str) -> bool:
        try:
            await self._external.identify(user)
        except (ExternalApiTooSlow, ExternalApiUnreachable) as error:
            log("warning", "identity not confirmed", user=user, error=str(error))
            return False
        return True

    async def _customer(self, user: str, password: str) -> int:
        async with self._database.connection() as connection:
            found = await connection.execute(
                "SELECT id, password_salt, password_hash FROM customers WHERE name = %s", (user,)
            )
            row = await found.fetchone()
        self._work(password)
        if row is None or not hmac.compare_digest(password_hash(password, row[1]), row[2]):
            raise NotAuthorised("unknown user or wrong password")
        return int(row[0])

    def _work(self, password: str) -> None:
        """The rest of the password's hash; like the hash itself it keeps this replica from everything else."""
        if self._password_cost > 1:
            hashlib.pbkdf2_hmac("sha256", password.encode(), b"pepper", (self._password_cost - 1) * ROUNDS_A_STEP)
