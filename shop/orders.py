"""Orders: a customer's own, a checkout, and the provider's word that one was paid."""

from __future__ import annotations

import itertools
from typing import Any

from psycopg.rows import dict_row

from shop.catalogue import Catalogue, priced
from shop.database import Database
from shop.errors import BadRequest, ExternalApiFailed, ExternalApiTooSlow, NotFound, PaymentNotConfirmed
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

#: How long an accepted payment may stay without the provider's word that it was paid.
CONFIRMED_WITHIN_SECONDS = 3
RECEIPT = f"""
SELECT status, status = 'placed' AND payment IS NOT NULL
    AND created_at < now() - interval '{CONFIRMED_WITHIN_SECONDS} seconds'
FROM orders WHERE id = %s
"""

#: Names a payment at the provider: the same for one order for ever, and no other's, even in a database made anew.
PAYMENT_KEY = "id::text || '-' || (extract(epoch FROM created_at) * 1000000)::bigint::text"
PUT_OFF = f"""
SELECT id, total_cents, {PAYMENT_KEY} FROM orders
WHERE status = 'payment-pending' AND payment IS NULL AND created_at > now() - interval '1 day'
ORDER BY random() LIMIT 5
"""


class Orders:
    def __init__(self, database: Database, catalogue: Catalogue, external: ExternalApi, release: Release) -> None:
        self._database = database
        self._catalogue = catalogue
        self._external = external
        self._release = release
        self._lists = itertools.count(1)

    async def of_customer(self, customer: int) -> list[dict[str, Any]]:
        """The customer's last 80 orders, the newest first."""
        every = self._release.kept_connection_every
        lasting = every > 0 and next(self._lists) % every == 0
        connected = self._database.lasting_connection() if lasting else self._database.connection()
        async with connected as connection, connection.cursor(row_factory=dict_row) as cursor:
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
                "INSERT INTO orders (customer_id, status, total_cents) VALUES (%s, 'placed', %s)"
                f" RETURNING id, {PAYMENT_KEY}",
                (customer, total),
            )
            row = await inserted.fetchone()
            assert row is not None
            order, key = int(row[0]), str(row[1])
            await connection.execute(
                "INSERT INTO order_lines (order_id, product_id, price_cents) SELECT %s, id, price_cents"
                " FROM products WHERE id = ANY(%s)",
                (order, items),
            )
            try:
                payment = await self._external.pay(order, key, total)
            except (ExternalApiFailed, ExternalApiTooSlow) as error:
                log("warning", "payment put off", order=order, error=str(error))
                # Only a placed one: the provider may have taken the payment all the same, and said so by now.
                await connection.execute(
                    "UPDATE orders SET status = 'payment-pending' WHERE id = %s AND status = 'placed'", (order,)
                )
                return {"order": order, "status": "payment-pending", "total_cents": total}
            await connection.execute("UPDATE orders SET payment = %s WHERE id = %s", (payment, order))
        return {"order": order, "status": "placed", "total_cents": total, "payment": payment}

    async def receipt(self, order: int) -> str:
        """How far it is: placed, paid or payment-pending. Raises NotFound, PaymentNotConfirmed."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(RECEIPT, (order,))).fetchone()
        if row is None:
            raise NotFound(f"there is no order {order}")
        if row[1]:
            raise PaymentNotConfirmed(f"order {order}: not confirmed within {CONFIRMED_WITHIN_SECONDS} s")
        return str(row[0])

    async def settle_put_off(self) -> None:
        """Ask again for a few of the payments that were put off; ends with the first that fails."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(PUT_OFF)).fetchall()
        for order, total, key in rows:
            payment = await self._external.pay(order, key, total)
            async with self._database.connection() as connection:
                await connection.execute("UPDATE orders SET payment = %s WHERE id = %s", (payment, order))

    async def paid(self, order: int) -> None:
        """The provider says that the order was paid; saying so twice changes nothing."""
        async with self._database.connection() as connection:
            await connection.execute("UPDATE orders SET status = 'paid' WHERE id = %s AND status <> 'paid'", (order,))
