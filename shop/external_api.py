"""Somebody else's services, as the shop meets them: recommendations, identities, payments with signed webhooks.

`python -m shop.external_api --port P`; its settings are those of the service external-api (see shop.settings).
Besides what the shop asks for there is the console that the provider offers its customers: `/console/…`.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import os
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop.charges import Charge, ChargeBook
from shop.logs import log
from shop.rate_limit import RateLimit
from shop.settings import SETTINGS
from shop.webhooks import Webhooks

RECOMMENDATION_SECONDS = 0.02
PAYMENT_SECONDS = 0.5
PRODUCTS = 1600
#: Charges that the console lists when no order is named.
LISTED = 100
OWN_SETTINGS = tuple(setting for setting in SETTINGS if "external-api" in setting.services)


@dataclass(frozen=True, slots=True)
class Terms:
    """What customer and provider have to agree on. `rate_limit` is recommendations a minute; 0: no limit."""

    webhook_secret: str
    identity_key: str
    rate_limit: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Terms:
        """What is not given is as by default. Raises ValueError that names a setting whose value cannot be used."""
        given = {}
        for setting in OWN_SETTINGS:
            given[setting.name] = environment.get(setting.variable, setting.default)
            if why := setting.refusal(given[setting.name]):
                raise ValueError(why)
        return cls(given["provider_webhook_secret"], given["provider_identity_key"], int(given["provider_rate_limit"]))

    def as_environment(self) -> dict[str, str]:
        """The variables that it was read from."""
        values = {
            "provider_webhook_secret": self.webhook_secret,
            "provider_identity_key": self.identity_key,
            "provider_rate_limit": str(self.rate_limit),
        }
        return {setting.variable: values[setting.name] for setting in OWN_SETTINGS}


class Provider:
    def __init__(self, terms: Terms, book: ChargeBook, *, payment_seconds: float = PAYMENT_SECONDS):
        self._terms = terms
        self._limit = RateLimit(terms.rate_limit)
        self._book = book
        self._payment_seconds = payment_seconds
        self._webhooks = Webhooks(book, terms.webhook_secret, httpx.AsyncClient(trust_env=False, timeout=10))
        self._identities_refused = 0

    # --- what the shop asks for

    async def recommendations(self, _request: Request) -> Response:
        if (retry_after := self._limit.retry_after()) is not None:
            log("warning", "rate limit", per_minute=self._limit.per_minute, retry_after=retry_after)
            error = f"more than {self._limit.per_minute} requests a minute"
            return JSONResponse({"error": error}, status_code=429, headers={"Retry-After": str(retry_after)})
        await asyncio.sleep(RECOMMENDATION_SECONDS)
        return JSONResponse({"products": random.sample(range(1, PRODUCTS + 1), 4)})

    async def identity(self, request: Request) -> Response:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._terms.identity_key}".encode()):
            self._identities_refused += 1
            log("warning", "identity key refused")
            return JSONResponse({"error": "this key is not valid (any more)"}, status_code=401)
        asked = await request.json()
        return JSONResponse({"user": asked.get("user"), "verified": True})

    async def payments(self, request: Request) -> Response:
        asked = await request.json()
        await asyncio.sleep(self._payment_seconds)
        order = int(asked["order"])
        key = request.headers.get("Idempotency-Key") or f"order-{order}"
        charge, new = self._book.charge(key, order, int(asked["total_cents"]), str(asked["callback"]))
        if new:
            self._webhooks.begin(charge)
        answer = {"payment": charge.payment, "status": "accepted"}
        return JSONResponse(answer, status_code=201 if new else 200)

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "operational"})

    # --- the console

    async def status(self, _request: Request) -> Response:
        """What the provider says of itself: nothing of keys, which are for customers to keep up with."""
        charges, untold = len(self._book.charges), len(self._book.untold)
        limited = f"more than {self._limit.per_minute} recommendations a minute are refused"
        state = {"status": "degraded", "because": limited} if self._limit.per_minute else {"status": "operational"}
        return JSONResponse(
            {
                **state,
                "charges": charges,
                "webhooks": {"delivered": charges - untold, "undelivered": untold},
                "recommendations": {"limit_per_minute": self._limit.per_minute, "refused": self._limit.refused},
                "identity": {"refused": self._identities_refused},
            }
        )

    async def keys(self, _request: Request) -> Response:
        return JSONResponse({"webhook_secret": self._terms.webhook_secret, "identity_key": self._terms.identity_key})

    async def settings(self, _request: Request) -> Response:
        return JSONResponse(self._terms.as_environment())

    async def change_settings(self, request: Request) -> Response:
        """The provider changes its terms while it goes on serving."""
        try:
            terms = Terms.from_environment(await request.json())
        except (ValueError, AttributeError, TypeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        if terms.rate_limit != self._terms.rate_limit:
            self._limit = RateLimit(terms.rate_limit)
        self._terms, self._webhooks.secret = terms, terms.webhook_secret
        return JSONResponse(terms.as_environment())

    async def charges(self, request: Request) -> Response:
        """The last ones, or those of `?order=N`; `twice` names the orders that were charged more than once."""
        every = self._book.charges
        wanted = request.query_params.get("order", "")
        shown = [charge for charge in every if str(charge.order) == wanted] if wanted else every[-LISTED:]
        listed = [
            {
                "order": charge.order,
                "payment": charge.payment,
                "total_cents": charge.total_cents,
                "at": charge.at,
                "webhook": self._how_far(charge),
            }
            for charge in shown
        ]
        twice = sorted(order for order, times in Counter(charge.order for charge in every).items() if times > 1)
        return JSONResponse({"count": len(every), "twice": twice, "charges": listed})

    def _how_far(self, charge: Charge) -> str:
        if self._book.was_told(charge.payment):
            return "delivered"
        return "on its way" if self._webhooks.on_its_way(charge) else "undelivered"

    async def replay(self, _request: Request) -> Response:
        return JSONResponse(asdict(await self._webhooks.replay()))


def make_app(provider: Provider) -> Starlette:
    return Starlette(
        routes=[
            Route("/recommendations", provider.recommendations),
            Route("/identity", provider.identity, methods=["POST"]),
            Route("/payments", provider.payments, methods=["POST"]),
            Route("/health", provider.health),
            Route("/console/status", provider.status),
            Route("/console/keys", provider.keys),
            Route("/console/settings", provider.settings),
            Route("/console/settings", provider.change_settings, methods=["PUT"]),
            Route("/console/charges", provider.charges),
            Route("/console/replay", provider.replay, methods=["POST"]),
        ]
    )


def from_environment(environment: Mapping[str, str] = os.environ) -> Provider:
    """The book lies in SHOP_PROVIDER_BOOK, else in the working folder. Raises ValueError for a setting of no use."""
    book = ChargeBook(Path(environment.get("SHOP_PROVIDER_BOOK", "provider-book.jsonl")))
    return Provider(Terms.from_environment(environment), book)


def main() -> None:
    parser = argparse.ArgumentParser(description="The external API of the shop's sandbox.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    uvicorn.run(
        make_app(from_environment()),
        host=arguments.host,
        port=arguments.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        http="h11",
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
