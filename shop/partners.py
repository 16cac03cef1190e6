"""What partners fetch with an API key, and the audit log of it.

A key that was accepted once is known for an hour by a session in the cache, so that a partner's many pages cost no
look-up each; a key that is revoked works until that session is ended too.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from shop.cache import Cache
from shop.database import Database
from shop.errors import NotAuthorised
from shop.partner_keys import key_hash, key_id_of

CUSTOMERS_ROUTE = "/partner/customers"
PAGE = 100
#: A page is read in parts with rests between them, so that an export leaves the database time for customers; the
#: connection is kept for the whole page, about a fifth of a second.
PART = 25
REST_SECONDS = 0.045

_PAGE = """
SELECT c.id, c.name, count(o.id) AS orders, max(o.created_at)::text AS last_order
FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
WHERE c.id > %s AND c.id <= %s GROUP BY c.id ORDER BY c.id
"""
_AUDIT = """
INSERT INTO audit_log (key_id, partner, route, address, agent, outcome)
VALUES (%s, (SELECT partner FROM api_keys WHERE id = %s), %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, as far as a request tells: its key, its address, its program."""

    key: str
    address: str
    agent: str

    @property
    def key_id(self) -> str:
        return key_id_of(self.key)


class Partners:
    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def customers(self, visit: Visit, after: int) -> list[dict[str, Any]]:
        """The customers with the next `PAGE` ids after that one. Raises NotAuthorised."""
        digest = key_hash(visit.key)
        known = hmac.compare_digest(await self._cache.partner_session(visit.key_id) or "", digest)
        async with self._database.connection() as connection:
            allowed = known or await self._is_valid(connection, visit.key_id, digest)
            await self._note(connection, visit, "allowed" if allowed else "refused")
            if allowed:
                page = await self._page(connection, after)
        if not allowed:
            raise NotAuthorised("this API key is unknown or was revoked")
        if not known:
            await self._cache.begin_partner_session(visit.key_id, digest)
        return page

    async def _is_valid(self, connection: psycopg.AsyncConnection, key_id: str, digest: str) -> bool:
        asked = "SELECT key_hash FROM api_keys WHERE id = %s AND revoked_at IS NULL"
        row = await (await connection.execute(asked, (key_id,))).fetchone()
        return row is not None and hmac.compare_digest(row[0], digest)

    async def _note(self, connection: psycopg.AsyncConnection, visit: Visit, outcome: str) -> None:
        seen = (CUSTOMERS_ROUTE, visit.address, visit.agent, outcome)
        await connection.execute(_AUDIT, (visit.key_id or None, visit.key_id, *seen))

    async def _page(self, connection: psycopg.AsyncConnection, after: int) -> list[dict[str, Any]]:
        page: list[dict[str, Any]] = []
        async with connection.cursor(row_factory=dict_row) as cursor:
            for first in range(after, after + PAGE, PART):
                await cursor.execute(_PAGE, (first, first + PART))
                page += await cursor.fetchall()
                await asyncio.sleep(REST_SECONDS)
        return page
