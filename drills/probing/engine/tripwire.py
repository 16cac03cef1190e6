"""A held-open connection whose end makes the prober check at once, instead of at the probe's next turn.

A tripwire only decides when to check; an alert still needs checks that failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from drills.clock import Clock
from drills.probing.bind import BoundProbe
from drills.probing.kinds.http.settings import HttpSettings
from drills.probing.kinds.postgres.settings import PostgresSettings
from drills.probing.kinds.postgres.url import postgres_parameters
from drills.probing.kinds.redis.settings import RedisSettings
from drills.probing.kinds.redis.url import RedisAddress
from drills.probing.kinds.tcp.settings import TcpSettings
from drills.probing.net.connecting import open_first
from drills.probing.net.resolver import NameNotResolved, Names, ResolverBusy
from drills.probing.net.server_url import host_and_port
from drills.probing.net.urls import HttpUrl

_AGAIN = 0.5
#: Reconnected before the server closes an idle, unauthenticated connection (PostgreSQL's authentication_timeout: 60 s).
_RENEW = 45.0


def tripwire_target(probe: BoundProbe) -> tuple[str, int] | None:
    """Where the probe wants a tripwire, if it does: never for a remote prober or a Unix socket."""
    settings = probe.settings
    if probe.via is not None or not getattr(settings, "tripwire", False) or settings.here_only:
        return None
    if isinstance(settings, HttpSettings):
        url = HttpUrl.of(settings.url)
        return url.host, url.port
    if isinstance(settings, PostgresSettings):
        parameters = postgres_parameters(settings.url)
        return parameters["host"], int(parameters["port"])
    if isinstance(settings, RedisSettings):
        address = RedisAddress.read(settings.url)
        return address.host, address.port
    return host_and_port(cast(TcpSettings, settings).address)


async def hold_tripwire(host: str, port: int, trip: Callable[[], None], resolver: Names, clock: Clock) -> None:
    """Hold a connection for ever, and call `trip` whenever an established one is closed or reset by the other side.

    A connection that cannot be made is tried again every half second. It trips only right after one was lost: of
    several replicas that die one after the other, the last may still have answered the check the first one's end.
    """
    lost = False
    while True:
        try:
            async with asyncio.timeout(5):
                found = await resolver.resolve(host, 5)
                reader, writer = await open_first(found.addresses, port)
        except (OSError, TimeoutError, NameNotResolved, ResolverBusy):
            if lost:
                trip()
            lost = False
            await clock.sleep(_AGAIN)
            continue
        try:
            lost = await _broken(reader, clock)
            if lost:
                trip()
                await clock.sleep(_AGAIN)
        finally:
            writer.transport.abort()


async def _broken(reader: asyncio.StreamReader, clock: Clock) -> bool:
    """Waits for the connection's end (True) or for the time to renew it (False)."""
    end = asyncio.ensure_future(_ended(reader))
    renew = asyncio.ensure_future(clock.sleep(_RENEW))
    try:
        await asyncio.wait({end, renew}, return_when=asyncio.FIRST_COMPLETED)
        return end.done()
    finally:
        end.cancel()
        renew.cancel()


async def _ended(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(4096):
            pass
    except OSError:
        return
