"""PING and INFO of a Redis (or Valkey) server, over a fresh connection.

An account that may run `+ping +info` is enough. A server that answers PING is up; what it refuses beyond that is not
measured, and said to be so.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, cast

from drills.probing.bind import BoundProbe
from drills.probing.kinds.redis.resp import NotRedis, Refused, RespConnection, read_info
from drills.probing.kinds.redis.settings import RedisSettings
from drills.probing.kinds.redis.url import RedisAddress
from drills.probing.net.connecting import NOT_REACHED, open_first, unreached
from drills.probing.net.host_names import ascii_name
from drills.probing.net.trusted import client_context
from drills.probing.seen import Check, ProbeContext, Seen


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that pings, then asks for INFO. Raises ValueError for an unusable CA file."""
    settings = cast(RedisSettings, probe.settings)
    address = RedisAddress.read(settings.url)
    trusting = client_context(settings.ca, verify=settings.verify) if address.tls else None

    async def check() -> Seen:
        began = context.monotonic()
        phases: dict[str, float] = {}

        def reached(phase: str) -> None:
            phases[phase] = context.monotonic() - began

        try:
            async with asyncio.timeout(probe.timeout):
                found: Sequence[str] = ()
                if not address.socket:
                    resolved = await context.resolver.resolve(address.host, probe.timeout)
                    found = resolved.addresses
                    if resolved.seconds is not None:
                        reached("dns")
                reader, writer = await _open(address, found)
                try:
                    reached("connect")
                    if trusting is not None:
                        await writer.start_tls(trusting, server_hostname=ascii_name(address.host))
                        reached("tls")
                    connection = RespConnection(reader, writer)
                    await _enter(connection, address)
                    await connection.ask("PING")
                    reached("first-byte")
                    info, withheld = await _info(connection)
                finally:
                    writer.transport.abort()
        except ssl.SSLCertVerificationError as error:
            return Seen(failure=f"certificate not valid: {error.verify_message}", phases=phases)
        except ssl.SSLError:
            return Seen(failure="TLS handshake failed", phases=phases)
        except NOT_REACHED as why:
            return unreached(why, probe.timeout, phases)
        except (Refused, NotRedis) as why:
            return Seen(failure=str(why), phases=phases)
        reached("total")
        return _seen(settings, info, withheld, phases)

    return check


async def _open(address: RedisAddress, addresses: Sequence[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.socket:
        return await asyncio.open_unix_connection(address.socket)
    return await open_first(addresses, address.port)


async def _enter(connection: RespConnection, address: RedisAddress) -> None:
    """Say who asks. The connection is not given a name: a server may refuse that, and notes each refusal in its log."""
    if address.user:
        await connection.ask("AUTH", address.user, address.password)
    elif address.password:
        await connection.ask("AUTH", address.password)
    if address.database:
        await connection.ask("SELECT", str(address.database))


async def _info(connection: RespConnection) -> tuple[dict[str, Any], str]:
    """What INFO says, or why it says nothing."""
    try:
        return read_info(await connection.ask("INFO")), ""
    except Refused as why:
        return {}, f"the server refuses INFO: {why}"


def _seen(settings: RedisSettings, info: dict[str, Any], withheld: str, phases: dict[str, float]) -> Seen:
    values: dict[str, Any] = {"time": {phase.replace("-", "_"): seconds for phase, seconds in phases.items()}}
    if withheld:
        return Seen(values, phases, withheld=dict.fromkeys(("info", "cache_memory"), withheld))
    values["info"] = info
    used, limit = info.get("used_memory"), info.get("maxmemory") or settings.memory_limit
    if not isinstance(used, int | float):
        return Seen(values, phases, withheld={"cache_memory": "the server's INFO has no used_memory"})
    if not isinstance(limit, int | float):
        absent = {"cache_memory": "the server has no maxmemory and the probe no memory-limit"}
        return Seen(values, phases, absent=absent)
    values["cache_memory"] = used / limit
    return Seen(values, phases, {"cache_memory": used / limit})
