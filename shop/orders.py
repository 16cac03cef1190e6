"""Orders: a customer's own, a checkout, and the provider's word that one was paid."""

from __future__ import annotations

from typing import Any

from psycopg.rows import dict_row

from shop.catalogue import Catalogue, priced
from shop.database import Database
from shop.errors import BadRequest, ExternalApiFailed, ExternalApiTooSlow
from shop.external import ExternalApi
from shop.logs import log
from shop.releases import Release

#: Each order with its number among the customer's orders and what they had spent by then. Both look the customer up
#: again for every row: cheap by orders_customer_idx, and a hundred and sixty passes over the table without it.
OF_CUSTOMER = """
SELECT o.id, o.status, o.total_cents, o.created_at::text AS created_at,
       (SELECT count(*) FROM orders p WHERE p.customer_id = o.customer_id AND p.created_at <= o.created_at) AS number,
       (SELECT sum(total_cents) FROM orders p WHERE p.customer_id = o.customer_id AND p.created_at <= o.created_at)
           AS spent_cents
FROM orders o WHERE o.customer_id = %s ORDER BY o.created_at DESC LIMIT 80
"""


class Orders:
    def __init__(self, database: Database, catalogue: Catalogue, external: ExternalApi, release: Release) -> None:
        self._database = database
        self._catalogue = catalogue
        self._external = external
        self._release = release

    async def of_customer(self, customer: int) -> list[dict[str, Any]]:
        """The customer's last 80 orders, the newest first."""
        async with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(OF_CUSTOMER, (customer,))
            return await cursor.fetchall()

    async def check_out(self, customer: int, items: list[int]) -> dict[str, Any]:
        """Write the order and ask for its payment; `paid` comes later by webhook.

        When the provider fails, the order stands and its payment is put off (`payment-pending`). The database
        connection is held until the provider has answered: the pool bounds how many checkouts go on at once.
        """
        bought = await self._catalogue.named(items)
        if len(bought) != len(set(items)):
            raise BadRequest("items: an unknown product")
        total = self._release.total_cents([priced(product) for product in bought])
        async with self._database.connection() as connection:
            inserted = await connection.execute(
                "INSERT INTO orders (customer_id, status, total_cents) VALUES (%s, 'placed', %s) RETURNING id",
                (customer, total),
            )
            row = await inserted.fetchone()
            assert row is not None
            order = int(row[0])
            await connection.execute(
                "INSERT INTO order_lines (order_id, product_id, price_cents) SELECT %s, id, price_cents"
                " FROM products WHERE id = ANY(%s)",
                (order, items),
            )
            try:
                payment = await self._external.pay(order, total)
            except (ExternalApiFailed, ExternalApiTooSlow) as error:
                log("warning", "payment put off", order=order, error=str(error))
                await connection.execute("UPDATE orders SET status = 'payment-pending' WHERE id = %s", (order,))
                return {"order": order, "status": "payment-pending", "total_cents": total}
            await connection.execute("UPDATE orders SET payment = %s WHERE id = %s", (payment, order))
        return {"order": order, "status": "placed", "total_cents": total, "payment": payment}

    async def paid(self, order: int) -> None:
        """The provider says that the order was paid; saying so twice changes nothing."""
        async with self._database.connection() as connection:
            await connection.execute("UPDATE orders SET status = 'paid' WHERE id = %s AND status <> 'paid'", (order,))
