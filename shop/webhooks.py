"""How the payment provider tells the shop that an order was paid.

What the shop does not answer, or answers with a failure of its own, is told again for a minute; what it refuses is
kept until somebody has it replayed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import httpx

from shop.charges import Charge, ChargeBook
from shop.external import SIGNATURE_HEADER, signature
from shop.logs import log

#: Before the first attempt, and between the others.
WAIT_SECONDS = (0.1, 0.5, 1.0, *[2.0] * 29)
#: Between the attempts of a replay, and how long it makes them.
REPLAY_WAIT_SECONDS = 0.5
REPLAY_SECONDS = 8.0
#: Replayed webhooks that are on their way at the same time; the shop has users too.
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Replayed:
    delivered: int
    undelivered: int


class Webhooks:
    """Signed with `secret`, which may change at any time; `waits` are seconds, one before each attempt."""

    def __init__(
        self,
        book: ChargeBook,
        secret: str,
        client: httpx.AsyncClient,
        *,
        waits: Sequence[float] = WAIT_SECONDS,
    ) -> None:
        self._book = book
        self.secret = secret
        self._client = client
        self._waits = waits
        self._telling: dict[str, asyncio.Task[bool]] = {}

    def begin(self, charge: Charge) -> asyncio.Task[bool]:
        """Begin to tell the shop of a charge."""
        telling = asyncio.create_task(self.tell(charge))
        self._telling[charge.payment] = telling
        telling.add_done_callback(lambda _: self._telling.pop(charge.payment, None))
        return telling

    def on_its_way(self, charge: Charge) -> bool:
        """Whether the shop is still being told of it."""
        return charge.payment in self._telling

    async def tell(self, charge: Charge, waits: Iterable[float] | None = None) -> bool:
        """Until the shop has taken or refused it, or all waits (the usual ones) are over; whether it has taken it."""
        for wait in self._waits if waits is None else waits:
            await asyncio.sleep(wait)
            if 200 <= (status := await self._send(charge)) < 500:
                return status == 200
        return False

    async def replay(self) -> Replayed:
        """Tell the shop of everything that it has not taken yet, also of what is on its way.

        What is on its way may have been signed with a secret of before, and be refused after this. What the shop does
        not answer, or answers with a failure of its own, is told again for some seconds.
        """
        waiting = self._book.untold
        free = asyncio.Semaphore(AT_ONCE)
        loop = asyncio.get_running_loop()
        until = loop.time() + REPLAY_SECONDS

        def waits() -> Iterator[float]:
            yield 0
            while loop.time() < until:
                yield REPLAY_WAIT_SECONDS

        async def again(charge: Charge) -> bool:
            async with free:
                return await self.tell(charge, waits())

        delivered = sum(await asyncio.gather(*(again(charge) for charge in waiting)))
        log("info", "webhooks replayed", delivered=delivered, undelivered=len(waiting) - delivered)
        return Replayed(delivered, len(waiting) - delivered)

    async def _send(self, charge: Charge) -> int:
        """The shop's status; 0 when it did not answer."""
        body = json.dumps({"payment": charge.payment, "order": charge.order, "status": "paid"}).encode()
        headers = {SIGNATURE_HEADER: signature(self.secret, body), "Content-Type": "application/json"}
        try:
            response = await self._client.post(charge.callback, content=body, headers=headers)
        except httpx.HTTPError as error:
            log("error", "webhook not delivered", order=charge.order, error=str(error) or type(error).__name__)
            return 0
        if response.status_code == 200:
            self._book.told(charge.payment)
        else:
            log("error", "webhook refused", order=charge.order, status=response.status_code)
        return response.status_code
