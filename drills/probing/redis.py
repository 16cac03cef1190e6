"""PING and INFO of a Redis (or Valkey) server, over a fresh connection."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from drills.probing.bind import BoundProbe
from drills.probing.curl_reasons import own_fault
from drills.probing.kinds import RedisSettings
from drills.probing.resolver import NameNotResolved, ResolverBusy
from drills.probing.seen import Look, Means, Seen


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
                info = await _ask(settings, found.addresses[0], phases, means, began)
        except ResolverBusy as busy:
            return Seen(blind=str(busy))
        except NameNotResolved as why:
            return Seen(failure=str(why))
        except TimeoutError:
            what = "answer" if "connect" in phases else "connection"
            return Seen(failure=f"no {what} within {probe.timeout:g} s", phases=phases)
        except (RedisError, OSError) as error:
            return Seen(blind=own_fault(_errno(error)), failure=redis_reason(error), phases=phases)
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


async def _ask(
    settings: RedisSettings, address: str, phases: dict[str, float], means: Means, began: float
) -> dict[str, Any]:
    client = Redis.from_url(
        settings.url, single_connection_client=True, retry=Retry(NoBackoff(), 0), client_name="drills-probe"
    )
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


def redis_reason(error: Exception) -> str:
    """One line: what the server said, or why there is no connection."""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "refused" in said or isinstance(error.__cause__, ConnectionRefusedError):
        return "connection refused"
    return said[:200]


def _errno(error: BaseException) -> int:
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        if error.__cause__ is None:
            return 0
        error = error.__cause__
    return 0
