"""The cache: products for a few seconds, and the sessions of users who logged in and of partners' keys."""

from __future__ import annotations

import json
import secrets
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shop.errors import CacheUnavailable

PRODUCTS_SECONDS = 5
SESSION_SECONDS = 3600
PARTNER_SESSION_SECONDS = 3600


class Cache:
    """Products are read from the database when the cache fails; a session cannot be."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)

    async def close(self) -> None:
        await self._redis.aclose()

    async def products(self, name: str) -> list[dict[str, Any]] | None:
        """What was kept under that name; None when nothing was, or the cache does not answer."""
        try:
            kept = await self._redis.get(f"products:{name}")
        except (RedisError, TimeoutError, OSError):
            return None
        return None if kept is None else json.loads(kept)

    async def keep_products(self, name: str, found: list[dict[str, Any]]) -> None:
        try:
            await self._redis.set(f"products:{name}", json.dumps(found), ex=PRODUCTS_SECONDS)
        except (RedisError, TimeoutError, OSError):
            return

    async def begin_session(self, customer: int) -> str:
        """The new session's token. Raises CacheUnavailable."""
        token = secrets.token_hex(16)
        try:
            await self._redis.set(f"session:{token}", customer, ex=SESSION_SECONDS)
        except (RedisError, TimeoutError, OSError) as error:
            raise CacheUnavailable(f"no session could be kept: {error}") from error
        return token

    async def customer_of(self, token: str) -> int | None:
        """Whose session that is; None when there is none (any more). Raises CacheUnavailable."""
        try:
            customer = await self._redis.get(f"session:{token}")
        except (RedisError, TimeoutError, OSError) as error:
            raise CacheUnavailable(f"no session can be looked up: {error}") from error
        return None if customer is None else int(customer)

    async def partner_session(self, key_id: str) -> str | None:
        """The hash of the key that was accepted lately under that id; None when there was none, or nobody knows."""
        try:
            kept = await self._redis.get(f"partner-session:{key_id}")
        except (RedisError, TimeoutError, OSError):
            return None
        return None if kept is None else str(kept)

    async def begin_partner_session(self, key_id: str, digest: str) -> None:
        try:
            await self._redis.set(f"partner-session:{key_id}", digest, ex=PARTNER_SESSION_SECONDS)
        except (RedisError, TimeoutError, OSError):
            return

    async def answers(self) -> bool:
        try:
            return bool(await self._redis.ping())
        except (RedisError, TimeoutError, OSError):
            return False
