"""One question to a DNS server."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from drills.probing.bind import BoundProbe
from drills.probing.name_server import NameServer, NoReply, Reply
from drills.probing.resolver import NameNotResolved, ResolverBusy
from drills.probing.seen import Look, Means, Seen
from drills.probing.settings import DnsSettings


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that asks once, and compares what is expected."""
    settings = cast(DnsSettings, probe.settings)
    server = NameServer(settings.server, means.resolver)

    async def look() -> Seen:
        began = means.monotonic()
        try:
            async with asyncio.timeout(probe.timeout):
                reply = await server.ask(settings.name, settings.type, probe.timeout)
        except TimeoutError:
            return Seen(failure=f"no answer from DNS server {server.address} within {probe.timeout:g} s")
        except ResolverBusy as busy:
            return Seen(blind=str(busy))
        except (NoReply, NameNotResolved) as why:
            return Seen(failure=str(why))
        phases = {"total": means.monotonic() - began}
        values: dict[str, Any] = {"answers": list(reply.answers), "rcode": reply.rcode, "time": dict(phases)}
        return Seen(values, phases, failure="" if "rcode" in probe.needs else _wrong(settings, reply))

    return look


def _wrong(settings: DnsSettings, reply: Reply) -> str:
    """What is wrong with a reply; a probe whose conditions judge the `rcode` themselves is not asked this."""
    if reply.rcode == "NXDOMAIN":
        return f"NXDOMAIN: there is no name {settings.name}"
    if reply.rcode != "NOERROR":
        return f"the DNS server answered {reply.rcode}"
    if not reply.answers:
        return f"{settings.name} has no {settings.type} record"
    if settings.expect and set(reply.answers) != set(settings.expect):
        return f"{settings.name} is {', '.join(reply.answers)}, not {', '.join(settings.expect)}"
    return ""
