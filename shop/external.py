"""The shop's side of the external API: recommendations, and the payment provider."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import httpx

from shop.errors import ExternalApiFailed, ExternalApiTooSlow
from shop.metrics import EXTERNAL_SECONDS
from shop.settings import Settings

SIGNATURE_HEADER = "X-Signature"


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of a webhook's body, as the provider sends it."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class ExternalApi:
    """Every call waits at most its own timeout; raises ExternalApiFailed or ExternalApiTooSlow."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(base_url=settings.external_url, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def recommendations(self) -> list[int]:
        """Products to show, by their ids."""
        answer = await self._ask("GET", "/recommendations", self._settings.recommendations_timeout)
        return [int(product) for product in answer["products"]]

    async def pay(self, order: int, total_cents: int) -> str:
        """Ask for a payment; the provider's number of it. Whether it was paid comes by webhook."""
        answer = await self._ask(
            "POST",
            "/payments",
            self._settings.payment_timeout,
            {
                "order": order,
                "total_cents": total_cents,
                "callback": f"{self._settings.public_url}/webhooks/payment",
            },
        )
        return str(answer["payment"])

    async def _ask(self, method: str, path: str, timeout: float, body: dict[str, Any] | None = None) -> dict[str, Any]:
        with EXTERNAL_SECONDS.time():
            try:
                response = await self._client.request(method, path, json=body, timeout=timeout)
                response.raise_for_status()
                answer: dict[str, Any] = response.json()
            except httpx.TimeoutException as error:
                raise ExternalApiTooSlow(f"external API: {path} took longer than {timeout:g} s") from error
            except (httpx.HTTPError, ValueError) as error:
                raise ExternalApiFailed(f"external API: {path}: {error or type(error).__name__}") from error
        return answer
