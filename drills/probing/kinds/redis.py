"""PING and INFO of a Redis (or Valkey) server, over a fresh connection."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from drills.probing.bind import BoundProbe
from drills.probing.connecting import NOT_REACHED, unreached
from drills.probing.curl_reasons import own_fault
from drills.probing.seen import Look, Means, Seen
from drills.probing.settings import RedisSettings


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that pings, then asks for INFO."""
    settings = cast(RedisSettings, probe.settings)
    host = urlsplit(settings.url).hostname or "127.0.0.1"

    async def look() -> Seen:
        began = means.monotonic()
        phases: dict[str, float] = {}
        try:
            async with asyncio.timeout(probe.timeout):
                found = await means.resolver.resolve(host, probe.timeout)
                if found.seconds is not None:
                    phases["dns"] = means.monotonic() - began
                info = await _ask_first(settings, found.addresses, phases, means, began)
        except NOT_REACHED as why:
            return unreached(why, probe.timeout, phases)
        except RedisError as error:
            return Seen(blind=own_fault(os_error(error)), failure=redis_reason(error), phases=phases)
        phases["total"] = means.monotonic() - began
        values: dict[str, Any] = {"info": info}
        values["time"] = {phase.replace("-", "_"): seconds for phase, seconds in phases.items()}
        limit = info.get("maxmemory") or settings.memory_limit
        metrics: dict[str, float | bool] = {}
        if limit and "used_memory" in info:
            values["cache_memory"] = metrics["cache_memory"] = info["used_memory"] / limit
        seen = Seen(values, phases, metrics)
        if not metrics:
            seen.absent = {"cache_memory": "the server has no maxmemory and the probe no memory-limit"}
        return seen

    return look


async def _ask_first(
    settings: RedisSettings, addresses: Sequence[str], phases: dict[str, float], means: Means, began: float
) -> dict[str, Any]:
    """Ask at the first of the addresses that takes connections. Raises the last one's error."""
    if urlsplit(settings.url).scheme == "rediss":  # the certificate is the name's: the library resolves it once more
        return await _ask(settings, None, phases, means, began)
    for address in addresses[:-1]:
        try:
            return await _ask(settings, address, phases, means, began)
        except RedisConnectionError as error:
            if not os_error(error):  # it was there, and refused in its own words
                raise
    return await _ask(settings, addresses[-1], phases, means, began)


async def _ask(
    settings: RedisSettings, address: str | None, phases: dict[str, float], means: Means, began: float
) -> dict[str, Any]:
    # RESP2, for with RESP3 a server that wants a password answers with a lecture about HELLO.
    client = Redis.from_url(
        settings.url, single_connection_client=True, retry=Retry(NoBackoff(), 0), client_name="drills-probe", protocol=2
    )
    if address is not None:
        client.connection_pool.connection_kwargs["host"] = address
    try:
        await client.initialize()
        phases["connect"] = means.monotonic() - began
        await client.ping()
        phases["first-byte"] = means.monotonic() - began
        info: dict[str, Any] = await client.info()
        return info
    finally:
        if client.connection is not None:
            await client.connection.disconnect(nowait=True)
        await client.aclose()


def redis_reason(error: Exception) -> str:
    """One line: what the server said, or why there is no connection."""
    if number := os_error(error):
        return os.strerror(number).lower()
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def os_error(error: Exception) -> int:
    """The errno behind an error, 0 if there is none; redis-py keeps it only in its message."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    match = re.match(r"Error (\d+) ", str(error))
    return int(match[1]) if match else 0
