"""One question to a DNS server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from drills.probing.bind import BoundProbe
from drills.probing.kinds.dns.settings import DnsSettings
from drills.probing.net.name_server import NameServer, NoReply, Reply, check_name, same_record
from drills.probing.net.resolver import NameNotResolved, ResolverBusy
from drills.probing.seen import Check, ProbeContext, Seen


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that asks once, and compares what is expected. Raises ValueError for a server or a name that is none."""
    settings = cast(DnsSettings, probe.settings)
    server = NameServer(settings.server, context.resolver)
    check_name(settings.name, settings.type)

    async def check() -> Seen:
        began = context.monotonic()
        try:
            async with asyncio.timeout(probe.timeout):
                reply = await server.ask(settings.name, settings.type, probe.timeout)
        except TimeoutError:
            return Seen(failure=f"no answer from DNS server {server.address} within {probe.timeout:g} s")
        except ResolverBusy as busy:
            return Seen(unknown=str(busy))
        except NoReply as why:
            return Seen(unknown=str(why)) if why.unknown else Seen(failure=str(why))
        except NameNotResolved as why:
            return Seen(failure=str(why))
        phases = {"total": context.monotonic() - began}
        values: dict[str, Any] = {"answers": list(reply.answers), "rcode": reply.rcode, "time": dict(phases)}
        return Seen(values, phases, failure="" if "rcode" in probe.needs else _wrong(settings, reply))

    return check


def _wrong(settings: DnsSettings, reply: Reply) -> str:
    """What is wrong with a reply; a probe whose conditions judge the `rcode` themselves is not asked this."""
    alias = f"{settings.name} is an alias of {reply.alias}, and " if reply.alias else ""
    if reply.rcode == "NXDOMAIN":
        return f"NXDOMAIN: {alias}there is no name {reply.alias or settings.name}"
    if reply.rcode != "NOERROR":
        return f"the DNS server answered {reply.rcode}"
    if not reply.answers:
        return f"{alias}{reply.alias or settings.name} has no {settings.type} record"
    if settings.expect and not _as_expected(settings, reply.answers):
        return f"{settings.name} is {', '.join(reply.answers)}, not {', '.join(settings.expect)}"
    return ""


def _as_expected(settings: DnsSettings, answers: Sequence[str]) -> bool:
    """Whether both are the same set of records."""

    def among(text: str, others: Sequence[str]) -> bool:
        return any(same_record(settings.type, text, other) for other in others)

    wanted = settings.expect
    return all(among(text, wanted) for text in answers) and all(among(text, answers) for text in wanted)
