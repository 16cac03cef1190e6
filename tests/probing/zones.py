"""A DNS server over UDP and TCP that answers from lines of a zone, as an authoritative and a recursive one would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass(frozen=True)
class Zone:
    """`lines`: "name type data"; `rcode`: what is answered instead; `truncated`: whether UDP answers are cut off."""

    lines: Sequence[str]
    rcode: str = ""
    truncated: bool = False

    def answer(self, wire: bytes, *, udp: bool) -> bytes:
        answer = dns.message.make_response(dns.message.from_wire(wire))
        if self.rcode:
            answer.set_rcode(dns.rcode.from_text(self.rcode))
        elif self.truncated and udp:
            answer.flags |= dns.flags.TC
        else:
            self._look_up(answer)
        return answer.to_wire()

    def _look_up(self, answer: dns.message.Message) -> None:
        asked = answer.question[0]
        name = asked.name
        while True:
            records = [line.split(" ", 2) for line in self.lines]
            here = [(kind, data) for owner, kind, data in records if dns.name.from_text(owner) == name]
            found = [data for kind, data in here if kind == asked.rdtype.name]
            alias = [data for kind, data in here if kind == "CNAME"]
            if found:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", asked.rdtype.name, *found))
            elif alias:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *alias))
                name = dns.name.from_text(alias[0])
                continue
            elif not here:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            return


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._zone.answer(data, udp=True), addr)


@asynccontextmanager
async def served(zone: Zone) -> AsyncIterator[int]:
    """The port, of UDP and TCP, at 127.0.0.1."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        wire = zone.answer(await reader.readexactly(length), udp=False)
        writer.write(len(wire).to_bytes(2, "big") + wire)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(zone), local_addr=("127.0.0.1", port)
    )
    async with server:
        try:
            yield port
        finally:
            transport.close()
