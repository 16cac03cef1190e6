"""The shop's name server: who wants to reach shop.test asks it where that is.

python -m shop.dns --port P      (UDP and TCP; the answer comes in SHOP_PUBLIC_ADDRESS, empty: no such name)
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import struct
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from shop.logs import log

NAME = dns.name.from_text("shop.test.")
ZONE = dns.name.from_text("test.")
#: Seconds. So short that a mended name is used at once.
TTL = 1
_TCP_IDLE_SECONDS = 10.0


def answer(query: bytes, address: str) -> bytes | None:
    """The answer to one query in wire format; None for what is not a query."""
    try:
        asked = dns.message.from_wire(query)
    except dns.exception.DNSException:
        return None
    if asked.flags & dns.flags.QR:
        return None
    reply = dns.message.make_response(asked)
    if asked.opcode() != dns.opcode.QUERY or len(asked.question) != 1:
        reply.set_rcode(dns.rcode.NOTIMP)
        return reply.to_wire()
    question = asked.question[0]
    if not question.name.is_subdomain(ZONE):
        reply.set_rcode(dns.rcode.REFUSED)
        return reply.to_wire()
    reply.flags |= dns.flags.AA
    known = question.name == NAME and address != ""
    if known and question.rdtype == dns.rdatatype.A and question.rdclass == dns.rdataclass.IN:
        reply.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "A", address))
    else:
        if not known:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.authority.append(
            dns.rrset.from_text(ZONE, TTL, "IN", "SOA", f"ns.test. hostmaster.test. 1 3600 600 86400 {TTL}")
        )
    return reply.to_wire()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, address: str) -> None:
        self._address = address
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = answer(data, self._address)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


async def serve(host: str, port: int, address: str) -> None:
    """Until SIGTERM. Raises OSError when the port cannot be listened on."""

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Queries over TCP, each with its length before it."""
        try:
            while True:
                async with asyncio.timeout(_TCP_IDLE_SECONDS):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    reply = answer(await reader.readexactly(length), address)
                if reply is None:
                    return
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            return
        finally:
            writer.close()

    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    # UDP first: who finds the TCP port open may ask in either way.
    transport, _protocol = await loop.create_datagram_endpoint(lambda: Datagrams(address), (host, port))
    server = await asyncio.start_server(stream, host, port)
    log("info", "started", port=port, name=str(NAME), address=address or "no such name")
    await ending.wait()
    server.close()
    transport.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="The name server of the shop's sandbox.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.host, arguments.port, os.environ.get("SHOP_PUBLIC_ADDRESS", "127.0.0.1")))


if __name__ == "__main__":
    main()
