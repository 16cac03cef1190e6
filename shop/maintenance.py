"""The shop closed for a while: users and partners are turned away, operators' own pages answer as ever."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from shop.errors import InMaintenance
from shop.watching import PARTNER_ROUTES, USER_ROUTES


class Maintenance:
    """Wraps the routes while it is on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in USER_ROUTES | PARTNER_ROUTES:
            raise InMaintenance("the shop is closed for maintenance; come back later")
        await self._app(scope, receive, send)
