"""Asking one DNS server, instead of the machine's own resolution of names."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from dns.rdtypes.txtbase import TXTBase

from drills.probing.resolver import NameNotResolved, Resolved, Resolver, is_numeric

_PORT = 53


class NoReply(Exception):
    """The server did not answer, or not with DNS; the message is one line."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said: `NOERROR`, `NXDOMAIN` …, and the records of the type asked for, as text, sorted."""

    rcode: str
    answers: tuple[str, ...]


class NameServer:
    """One DNS server, `host` or `host:port`. Raises ValueError for what is neither."""

    def __init__(self, server: str, resolver: Resolver) -> None:
        parts = urlsplit(server if "//" in server else f"//{server}")
        if not parts.hostname:
            raise ValueError(f"{server!r} is not a DNS server; write host:port")
        self._host, self._port = parts.hostname, parts.port or _PORT
        self._resolver = resolver
        self.address = f"{self._host}:{self._port}"

    async def ask(self, name: str, kind: str, timeout: float) -> Reply:
        """Ask over UDP, and over TCP when the answer does not fit. Raises NoReply; the caller bounds the time too."""
        try:
            question = dns.message.make_query(name, kind)
        except dns.exception.DNSException:
            raise NoReply(f"{name!r} is not a name") from None
        where = (await self._resolver.resolve(self._host, timeout)).addresses[0]
        try:
            said, _ = await dns.asyncquery.udp_with_fallback(question, where, timeout, self._port)
        except dns.exception.Timeout:
            raise NoReply(f"no answer from DNS server {self.address} within {timeout:g} s") from None
        except OSError as error:
            raise NoReply(f"DNS server {self.address}: {(error.strerror or str(error)).lower()}") from None
        except (dns.exception.DNSException, EOFError) as error:
            raise NoReply(f"DNS server {self.address} does not speak DNS: {type(error).__name__}") from None
        wanted = dns.rdatatype.from_text(kind)
        found = sorted(_text(record) for records in said.answer if records.rdtype == wanted for record in records)
        return Reply(dns.rcode.to_text(said.rcode()), tuple(found))

    async def resolve(self, host: str, timeout: float) -> Resolved:
        """The addresses of a host, as `Resolver.resolve`: IPv4 ones, or else IPv6 ones. Raises NameNotResolved."""
        if is_numeric(host):
            return Resolved((host.strip("[]"),), None)
        began = time.perf_counter()
        try:
            reply = await self.ask(host, "A", timeout)
            if reply.rcode == "NOERROR" and not reply.answers:
                reply = await self.ask(host, "AAAA", timeout)
        except NoReply as why:
            raise NameNotResolved(f"name {host} not resolved: {why}") from None
        if not reply.answers:
            why_not = "no address" if reply.rcode == "NOERROR" else reply.rcode
            raise NameNotResolved(f"name {host} not resolved: DNS server {self.address} says {why_not}")
        return Resolved(reply.answers, time.perf_counter() - began)


def _text(record: object) -> str:
    if isinstance(record, TXTBase):
        return b"".join(cast(tuple[bytes, ...], record.strings)).decode("utf-8", "replace")
    return str(record).removesuffix(".")
