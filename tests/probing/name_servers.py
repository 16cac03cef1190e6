"""A real DNS server on loopback, for probes to ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class _Answering(asyncio.DatagramProtocol):
    def __init__(self, records: Mapping[tuple[str, str], tuple[str, ...]], rcode: str) -> None:
        self._records = records
        self._rcode = rcode
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        asked = dns.message.from_wire(data)
        answer = dns.message.make_response(asked)
        question = asked.question[0]
        name = question.name.to_text().removesuffix(".")
        kind = question.rdtype.name
        known = {known_name for known_name, _ in self._records}
        if self._rcode:
            answer.set_rcode(dns.rcode.from_text(self._rcode))
        elif (name, kind) in self._records:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *self._records[name, kind]))
        elif name not in known:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def naming(records: Mapping[tuple[str, str], tuple[str, ...]], rcode: str = "") -> AsyncIterator[str]:
    """host:port of a server that knows these records; `rcode` is what it answers instead, if given."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Answering(records, rcode), local_addr=("127.0.0.1", 0)
    )
    try:
        yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()
