"""The orders of the last days as CSV, which the accounts department fetches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from shop.database import Database
from shop.logs import log

EXPORT_ROUTE = "/export"
#: Read in parts with rests between them, so that an export leaves the database time for customers: about two seconds.
PARTS = 20
PART = 100
REST_SECONDS = 0.1

_PART = """
SELECT id, customer_id, status, total_cents, created_at::text
FROM orders WHERE id < %s ORDER BY id DESC LIMIT %s
"""


class Export:
    """One database connection is held for a whole export."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self) -> AsyncIterator[str]:
        """The lines of the file. Raises PoolExhausted or DatabaseUnavailable before there is one."""
        connection = await self._database.take()
        log("info", "export begun")

        async def lines() -> AsyncIterator[str]:
            yield "order,customer,status,total_cents,created_at\n"
            last = 2**31 - 1
            for _ in range(PARTS):
                rows = await (await connection.execute(_PART, (last, PART))).fetchall()
                yield "".join(",".join(map(str, row)) + "\n" for row in rows)
                if len(rows) < PART:
                    break
                last = int(rows[-1][0])
                await asyncio.sleep(REST_SECONDS)
            # The weakness that `abandon-exports` makes use of: nobody gets here when the client has hung up.
            await self._database.give_back(connection)
            log("info", "export complete")

        return lines()
