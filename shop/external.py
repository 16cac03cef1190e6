"""The shop's side of the external API: recommendations, identities, and the payment provider."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import httpx

from shop.errors import ExternalApiFailed, ExternalApiTooSlow, ExternalApiUnreachable
from shop.metrics import EXTERNAL_SECONDS
from shop.settings import Settings

SIGNATURE_HEADER = "X-Signature"
#: How long a login waits for the provider; who somebody is is known well enough without it.
IDENTITY_TIMEOUT = 0.5


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of a webhook's body, as the provider sends it."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class ExternalApi:
    """Every call waits at most its own timeout; raises ExternalApiFailed (or Unreachable) or ExternalApiTooSlow."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(base_url=settings.external_url, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def recommendations(self) -> list[int]:
        """Products to show, by their ids."""
        answer = await self._ask("GET", "/recommendations", self._settings.recommendations_timeout)
        return [int(product) for product in answer["products"]]

    async def identify(self, user: str) -> None:
        """Have the provider confirm that the user may log in."""
        key = {"Authorization": f"Bearer {self._settings.identity_key}"}
        await self._ask("POST", "/identity", IDENTITY_TIMEOUT, {"user": user}, key)

    async def pay(self, order: int, key: str, total_cents: int) -> str:
        """Ask for a payment; the provider's number of it. Whether it was paid comes by webhook.

        Asked again with the same `key`, the provider gives the same payment and charges nobody again.
        """
        answer = await self._ask(
            "POST",
            "/payments",
            self._settings.payment_timeout,
            {
                "order": order,
                "total_cents": total_cents,
                "callback": f"{self._settings.public_url}/webhooks/payment",
            },
            {"Idempotency-Key": key},
        )
        return str(answer["payment"])

    async def _ask(
        self,
        method: str,
        path: str,
        timeout: float,
        body: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        with EXTERNAL_SECONDS.time():
            try:
                response = await self._client.request(method, path, json=body, headers=headers, timeout=timeout)
                if response.is_error:
                    raise ExternalApiFailed(f"external API: {path}: {_refusal(response)}")
                answer: dict[str, Any] = response.json()
            except httpx.TimeoutException as error:
                raise ExternalApiTooSlow(f"external API: {path} took longer than {timeout:g} s") from error
            except httpx.HTTPError as error:
                raise ExternalApiUnreachable(f"external API: {path}: {str(error) or type(error).__name__}") from error
            except ValueError as error:
                raise ExternalApiFailed(f"external API: {path}: {error}") from error
        return answer


def _refusal(response: httpx.Response) -> str:
    said = f"{response.status_code} {response.reason_phrase}"
    if response.status_code == 429:
        return f"{said}: the rate limit is reached, retry after {response.headers.get('Retry-After', '?')} s"
    try:
        return f"{said}: {response.json()['error']}"
    except (ValueError, KeyError, TypeError):
        return said
