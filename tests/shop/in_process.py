"""A plain HTTP client whose requests an ASGI app answers within the process."""

from __future__ import annotations

import asyncio

import httpx
from starlette.types import ASGIApp


class InProcess(httpx.BaseTransport):
    """Each request has an event loop of its own; what the app began and did not end by then is cancelled."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            answer = await self._app.handle_async_request(request)
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return asyncio.run(ask())


def client_of(app: ASGIApp) -> httpx.Client:
    """Raises what the app raises; holds no connection, so that nobody has to close it."""
    return httpx.Client(transport=InProcess(app), base_url="http://shop.test")
