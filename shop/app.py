"""The shop: `python -m shop.app --host H --port P`, with its settings in the environment (see shop.settings)."""

from __future__ import annotations

import argparse
import asyncio
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from shop.accounts import Accounts
from shop.cache import Cache
from shop.catalogue import Catalogue
from shop.database import Database
from shop.errors import BadRequest, NotAuthorised, ShopError
from shop.export import EXPORT_ROUTE, Export
from shop.external import SIGNATURE_HEADER, ExternalApi, signature
from shop.logs import ALWAYS, log
from shop.maintenance import Maintenance
from shop.memory import end_when_over
from shop.metrics import exposition, show_life
from shop.orders import Orders
from shop.origins import Origins
from shop.partners import CUSTOMERS_ROUTE, Partners, Visit
from shop.recommendations import Recommendations
from shop.releases import release_of
from shop.replica_name import replica_name
from shop.serving import Replica
from shop.settings import Settings
from shop.watching import Watched

#: How long a starting replica tries its database and cache before it serves all the same.
WARM_UP_SECONDS = 2.0
#: How often payments that were put off are asked for again.
SETTLE_SECONDS = 5.0


class Shop:
    """The handlers of all routes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.release = release_of(settings.release)
        self.database = Database(settings)
        self.cache = Cache(settings.cache_url)
        self.external = ExternalApi(settings)
        self.catalogue = Catalogue(self.database, self.cache)
        self.orders = Orders(self.database, self.catalogue, self.external, self.release)
        self.accounts = Accounts(self.database, self.cache, self.external, settings.password_cost)
        self.partners = Partners(self.database, self.cache)
        self.orders_export = Export(self.database)
        self.recommendations = Recommendations(self.external.recommendations, settings.recommendations_cache)

    async def home(self, _request: Request) -> Response:
        popular = await self.catalogue.popular()
        if not self.settings.recommendations:
            degraded = {"X-Degraded": "recommendations"}
            return JSONResponse({"popular": popular, "recommended": popular[:4]}, headers=degraded)
        recommended = await self.catalogue.named(await self.recommendations.ids())
        return JSONResponse({"popular": popular, "recommended": recommended})

    async def search(self, request: Request) -> Response:
        found = await self.catalogue.search(request.query_params.get("q", ""), self.release)
        return JSONResponse({"products": found})

    async def customer_orders(self, request: Request) -> Response:
        customer = _whole_number(request.query_params.get("customer"), "customer")
        return JSONResponse({"orders": _plain(await self.orders.of_customer(customer))})

    async def login(self, request: Request) -> Response:
        body = await _body(request)
        token, confirmed = await self.accounts.log_in(str(body.get("user")), str(body.get("password")))
        return JSONResponse({"token": token}, headers=None if confirmed else {"X-Degraded": "identity"})

    async def checkout(self, request: Request) -> Response:
        body = await _body(request)
        items = body.get("items")
        if not isinstance(items, list) or not 1 <= len(items) <= 50:
            raise BadRequest("items: a list of 1 to 50 products' ids")
        bought = [_whole_number(item, "items") for item in items]
        order = await self.orders.check_out(await self._buyer(request, body), bought)
        degraded = {"X-Degraded": "payment"} if order["status"] == "payment-pending" else None
        return JSONResponse(order, status_code=201, headers=degraded)

    async def _buyer(self, request: Request, body: dict[str, Any]) -> int:
        """Whose session it is, or, for a guest, the customer that the body names."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self.accounts.customer_of(token)
        return _whole_number(body.get("customer"), "customer")

    async def receipt(self, request: Request) -> Response:
        order = _whole_number(request.query_params.get("order"), "order")
        return JSONResponse({"order": order, "status": await self.orders.receipt(order)})

    async def payment_webhook(self, request: Request) -> Response:
        body = await request.body()
        expected = signature(self.settings.webhook_secret, body)
        if not hmac.compare_digest(expected, request.headers.get(SIGNATURE_HEADER, "")):
            raise NotAuthorised("the webhook's signature does not match")
        payment = await _body(request)
        await self.orders.paid(_whole_number(payment.get("order"), "order"))
        return JSONResponse({"ok": True})

    async def partner_customers(self, request: Request) -> Response:
        direct = request.client.host if request.client else ""
        address = request.headers.get("X-Forwarded-For", direct).split(",")[0].strip()
        key, agent = request.headers.get("X-Api-Key", ""), request.headers.get("User-Agent", "")
        after = _whole_number(request.query_params.get("after", "0"), "after", least=0)
        customers = await self.partners.customers(Visit(key, address[:64], agent[:128]), after)
        return JSONResponse({"customers": customers})

    async def export(self, _request: Request) -> Response:
        return StreamingResponse(await self.orders_export.begin(), media_type="text/csv")

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        checks = await self.checks()
        ok = all(checks.values())
        return JSONResponse({"ok": ok, "checks": checks}, status_code=200 if ok else 503)

    async def metrics(self, _request: Request) -> Response:
        text, content_type = exposition()
        return Response(text, media_type=content_type)

    async def version(self, _request: Request) -> Response:
        return JSONResponse({"version": self.release.version, "summary": self.release.summary})

    async def _settle_put_off(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_SECONDS)
            # What fails now is tried again in a few seconds; why it failed is in the log already.
            with suppress(ShopError):
                await self.orders.settle_put_off()

    async def checks(self) -> dict[str, bool]:
        database, cache = await asyncio.gather(self.database.answers(), self.cache.answers())
        return {"database": database, "cache": cache}

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        end_of_life = show_life()
        await self.database.open()
        besides = [
            asyncio.create_task(end_when_over(self.settings.memory_limit_mb)),
            asyncio.create_task(self._settle_put_off()),
        ]
        await asyncio.wait({asyncio.create_task(self.checks())}, timeout=WARM_UP_SECONDS)
        log("info", "started", release=self.release.version, pid=os.getpid())
        yield
        log("info", "ending", release=self.release.version, pid=os.getpid())
        for task in besides:
            task.cancel()
        end_of_life()
        await self.database.close()
        await self.cache.close()
        await self.external.close()


def make_app(settings: Settings) -> ASGIApp:
    shop = Shop(settings)
    routes = [
        Route("/", shop.home),
        Route("/search", shop.search),
        Route("/orders", shop.customer_orders),
        Route("/login", shop.login, methods=["POST"]),
        Route("/checkout", shop.checkout, methods=["POST"]),
        Route("/receipt", shop.receipt),
        Route("/webhooks/payment", shop.payment_webhook, methods=["POST"]),
        Route(CUSTOMERS_ROUTE, shop.partner_customers),
        Route(EXPORT_ROUTE, shop.export),
        Route("/health", shop.health),
        Route("/ready", shop.ready),
        Route("/metrics", shop.metrics),
        Route("/version", shop.version),
    ]
    served: ASGIApp = _Bare(Starlette(routes=routes, lifespan=shop.lifespan))
    if settings.maintenance:
        served = Maintenance(served)
    return Origins(Watched(served, shop.release), settings.allowed_origins)


class _Bare:
    """Starlette without its own answer to an unforeseen error: the watch around it logs the error and answers."""

    def __init__(self, app: Starlette) -> None:
        self._lifespan = app
        self._routes = app.router

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        app = self._lifespan if scope["type"] == "lifespan" else self._routes
        await app(scope, receive, send)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body


def _whole_number(value: object, name: str, *, least: int = 1) -> int:
    try:
        number = int(str(value))
    except ValueError as error:
        raise BadRequest(f"{name}: a whole number") from error
    if not least <= number < 2**31:
        raise BadRequest(f"{name}: a number of {least} and above")
    return number


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "spent_cents": int(row["spent_cents"])} for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description="One replica of the shop.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ready-file", type=Path, help="written once this replica listens")
    arguments = parser.parse_args()
    ALWAYS["replica"] = replica_name()
    app = make_app(Settings.from_environment())
    Replica(app, arguments.host, arguments.port, arguments.ready_file).serve_forever()


if __name__ == "__main__":
    main()
