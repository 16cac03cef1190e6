"""Products: the popular ones, those searched for, those recommended."""

from __future__ import annotations

from typing import Any

from psycopg.rows import dict_row

from shop.cache import Cache
from shop.database import Database
from shop.releases import Priced, Release

Product = dict[str, Any]  # A row of `products`, as it goes out as JSON.


class Catalogue:
    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def popular(self) -> list[Product]:
        """The twelve most popular products; from the cache for a few seconds."""
        kept = await self._cache.products("popular")
        if kept is not None:
            return kept
        found = await self._select("ORDER BY popularity DESC LIMIT 12")
        await self._cache.keep_products("popular", found)
        return found

    async def search(self, words: str, release: Release) -> list[Product]:
        """At most twenty products whose name contains the words, the most popular first, with what each costs."""
        found = await self._select("WHERE name ILIKE %s ORDER BY popularity DESC LIMIT 20", f"%{words}%")
        if found:
            found[0]["best_price_cents"] = release.total_cents([priced(found[0])])
        return found

    async def named(self, ids: list[int]) -> list[Product]:
        """The products with these ids; unknown ids are left out."""
        return await self._select("WHERE id = ANY(%s)", ids)

    async def _select(self, rest: str, *parameters: object) -> list[Product]:
        statement = f"SELECT id, name, category, price_cents FROM products {rest}".encode()
        async with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(statement, parameters or None)
            return await cursor.fetchall()


def priced(product: Product) -> Priced:
    return Priced(product["category"], product["price_cents"])
