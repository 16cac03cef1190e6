"""Which sites' pages may read the shop's answers in a browser: CORS (fetch.spec.whatwg.org)."""

from __future__ import annotations

from collections.abc import Set

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"Authorization, Content-Type"),
    (b"access-control-max-age", b"60"),
]


class Origins:
    """Adds Access-Control-Allow-Origin for allowed origins, to errors too, and answers preflights.

    A browser keeps an answer without that header from the page; other clients do not care.
    """

    def __init__(self, app: ASGIApp, allowed: Set[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = dict(scope["headers"])
        origin = asked.get(b"origin", b"")
        known = origin.decode("latin-1") in self._allowed
        added = [(b"access-control-allow-origin", origin), (b"vary", b"Origin")] if origin and known else []
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in asked:
            headers = [*added, *_PREFLIGHT] if known else []
            status = 204 if known else 403
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def with_origin(message: Message) -> None:
            if message["type"] == "http.response.start" and added:
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, with_origin)
