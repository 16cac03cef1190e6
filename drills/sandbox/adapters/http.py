"""A server of web pages or of an API."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from drills.sandbox.adapters.adapter import SECONDS, ServiceAdapter

if TYPE_CHECKING:
    from drills.sandbox.declared.declaration import DeclaredService


class HttpAdapter(ServiceAdapter):
    """With `health` it answers when that path answers 200; else when it answers anything below 500."""

    port: ClassVar[int] = 80

    def url(self, _service: DeclaredService, reached_at: str) -> str:
        return f"http://{reached_at}"

    def silence(self, service: DeclaredService, reached_at: str) -> str | None:
        from drills.sandbox.http_answers import check

        status, said = check(self.url(service, reached_at) + (service.health or "/"), timeout=SECONDS)
        well = status == 200 if service.health else 0 < status < 500
        return None if well else f"{service.health or '/'} answers {status}" if status else said
