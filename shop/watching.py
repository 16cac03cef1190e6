"""What surrounds every request: its log line, its metrics, its deadline, and errors turned into answers."""

from __future__ import annotations

import asyncio
import json
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop.errors import ShopError
from shop.logs import log
from shop.metrics import PARTNER_REQUESTS, REQUEST_SECONDS, REQUESTS
from shop.partners import CUSTOMERS_ROUTE
from shop.releases import Release

#: A request that takes longer is answered 504, whatever its handler waits for.
DEADLINE_SECONDS = 10.0
#: Routes of users, which count in the metrics; those of operators and probes would dilute the error rate.
USER_ROUTES = frozenset({"/", "/search", "/orders", "/login", "/checkout", "/receipt", "/webhooks/payment"})
#: Routes of partners: logged like those of users, counted apart from them.
PARTNER_ROUTES = frozenset({CUSTOMERS_ROUTE})


class Watched:
    """Wraps the routes: one log line for each request, errors as JSON, a deadline for all."""

    def __init__(self, app: ASGIApp, release: Release) -> None:
        self._app = app
        self._release = release
        self._looked_at: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        error = ""
        handling = asyncio.ensure_future(self._app(scope, receive, noting_status))
        # Not wait_for: a handler that does not end when it is cancelled (a database that hangs) must delay no answer.
        await asyncio.wait({handling}, timeout=DEADLINE_SECONDS)
        if not handling.done():
            handling.cancel()
            handling.add_done_callback(_forget)
            error, failed = f"no answer within {DEADLINE_SECONDS:g} s", 504
        elif (raised := handling.exception()) is not None:
            error, failed = f"{type(raised).__name__}: {raised}", getattr(raised, "status", 500)
            shown = error if isinstance(raised, ShopError) else "internal error"
        if error and status == 0:
            status = failed
            await _answer(send, failed, shown if failed != 504 or handling.done() else error)
        self._note(scope, status, time.perf_counter() - began, error)

    def _note(self, scope: Scope, status: int, seconds: float, error: str) -> None:
        path = scope["path"]
        if path in USER_ROUTES:
            if self._release.kept_bytes:
                self._looked_at.append(b"\x01" * self._release.kept_bytes)
            REQUESTS.labels(path, str(status)).inc()
            REQUEST_SECONDS.labels(path).observe(seconds)
        elif path in PARTNER_ROUTES:
            PARTNER_REQUESTS.labels(path, str(status)).inc()
        elif not error:
            return
        fields = {"path": path, "status": status, "took_ms": round(seconds * 1000, 1), "release": self._release.version}
        if error:
            fields["error"] = error
        log("error" if status >= 500 else "info", "request", **fields)


async def _answer(send: Send, status: int, error: str) -> None:
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _forget(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
