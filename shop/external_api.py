"""Somebody else's services, as the shop meets them: recommendations, and a payment provider with signed webhooks.

`python -m shop.external_api --port P`; the webhooks' key comes in SHOP_PROVIDER_WEBHOOK_SECRET.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop.external import SIGNATURE_HEADER, signature
from shop.logs import log

RECOMMENDATION_SECONDS = 0.02
PAYMENT_SECONDS = 0.5
WEBHOOK_DELAY_SECONDS = 0.1
PRODUCTS = 1600


class Provider:
    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._numbers = itertools.count(1)
        self._webhooks: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(trust_env=False, timeout=10)

    async def recommendations(self, _request: Request) -> Response:
        await asyncio.sleep(RECOMMENDATION_SECONDS)
        return JSONResponse({"products": random.sample(range(1, PRODUCTS + 1), 4)})

    async def payments(self, request: Request) -> Response:
        asked = await request.json()
        await asyncio.sleep(PAYMENT_SECONDS)
        payment = f"pay_{os.getpid()}_{next(self._numbers)}"
        told = asyncio.create_task(self._tell(str(asked["callback"]), payment, int(asked["order"])))
        self._webhooks.add(told)
        told.add_done_callback(self._webhooks.discard)
        return JSONResponse({"payment": payment, "status": "accepted"}, status_code=201)

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "operational"})

    async def _tell(self, callback: str, payment: str, order: int) -> None:
        """Call the shop back; as a real provider does, without waiting to be asked."""
        await asyncio.sleep(WEBHOOK_DELAY_SECONDS)
        body = json.dumps({"payment": payment, "order": order, "status": "paid"}).encode()
        headers = {SIGNATURE_HEADER: signature(self._secret, body), "Content-Type": "application/json"}
        try:
            response = await self._client.post(callback, content=body, headers=headers)
        except httpx.HTTPError as error:
            log("error", "webhook not delivered", order=order, error=str(error) or type(error).__name__)
            return
        if response.status_code != 200:
            log("error", "webhook refused", order=order, status=response.status_code)


def main() -> None:
    parser = argparse.ArgumentParser(description="The external API of the shop's sandbox.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    provider = Provider(os.environ.get("SHOP_PROVIDER_WEBHOOK_SECRET", ""))
    app = Starlette(
        routes=[
            Route("/recommendations", provider.recommendations),
            Route("/payments", provider.payments, methods=["POST"]),
            Route("/health", provider.health),
        ]
    )
    uvicorn.run(
        app,
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
