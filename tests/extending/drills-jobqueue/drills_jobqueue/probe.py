"""`jobqueue: {address: "${queue}"}` in a file of probes."""

from __future__ import annotations

import asyncio

from pydantic import Field

from drills.probing.bind import BoundProbe
from drills.probing.net.connecting import NOT_REACHED, open_first, unreached
from drills.probing.net.server_url import host_and_port
from drills.probing.seen import Check, ProbeContext, Seen
from drills.probing.settings_model import SettingsModel


class JobQueueSettings(SettingsModel):
    """What a job queue says of itself."""

    names = frozenset({"time", "waiting", "halted"})

    address: str = Field(description="host:port of the queue.")

    def prepare(self, probe: BoundProbe, context: ProbeContext) -> Check:
        host, port = host_and_port(self.address)

        async def check() -> Seen:
            began = context.monotonic()
            phases: dict[str, float] = {}
            try:
                async with asyncio.timeout(probe.timeout):
                    found = await context.resolver.resolve(host, probe.timeout)
                    reader, writer = await open_first(found.addresses, port)
                    try:
                        phases["connect"] = context.monotonic() - began
                        writer.write(b"STATUS\n")
                        line = (await reader.readline()).decode(errors="replace")
                    finally:
                        writer.transport.abort()
            except NOT_REACHED as why:
                return unreached(why, probe.timeout, phases)
            phases["total"] = context.monotonic() - began
            fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
            if not {"waiting", "halted"} <= fields.keys():
                return Seen(failure="the answer is not a job queue's", phases=phases)
            values = {"waiting": int(fields["waiting"]), "halted": fields["halted"] == "1", "time": dict(phases)}
            return Seen(values, phases)

        return check
