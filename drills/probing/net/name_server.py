"""Asking one DNS server, instead of the machine's own resolution of names."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import cast

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename
from dns.rdtypes.txtbase import TXTBase

from drills.probing.curl.reasons import own_fault
from drills.probing.net.connecting import os_reason
from drills.probing.net.host_names import ascii_name
from drills.probing.net.resolver import NameNotResolved, Resolved, Resolver, ResolverBusy, is_numeric
from drills.probing.net.server_url import ServerUrl

_PORT = 53


class NoReply(Exception):
    """The server did not answer, or not with DNS; the message is one line. `unknown`: the prober could not ask it."""

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said: `NOERROR`, `NXDOMAIN` …, and the records of the type asked for, as text, sorted.

    `alias` is what the name leads to by CNAME records, where it does.
    """

    rcode: str
    answers: tuple[str, ...]
    alias: str = ""


def check_name(name: str, kind: str) -> None:
    """Raises ValueError for what cannot be asked for: empty labels, labels of more than 63 characters, blanks."""
    try:
        _question(name, kind)
        usable = bool(name) and name.isprintable() and " " not in name
    except (NoReply, ValueError):
        usable = False
    if not usable:
        raise ValueError(f"name: {name!r} is not a name; write one such as www.example.org")


class NameServer:
    """One DNS server, `host` or `host:port`. Raises ValueError for what is neither."""

    def __init__(self, server: str, resolver: Resolver) -> None:
        server_address = f"[{server}]" if is_numeric(server) and ":" in server and "[" not in server else server
        try:
            read = ServerUrl.read(server_address if "://" in server_address else f"dns://{server_address}", "host:port")
        except ValueError as error:
            raise ValueError(f"the DNS server {error}") from None
        if not read.host:
            raise ValueError(f"{server!r} is not a DNS server; write host:port")
        self._host, self._port = read.host, read.port or _PORT
        self._resolver = resolver
        self.address = f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"

    async def ask(self, name: str, kind: str, timeout: float) -> Reply:
        """Ask over UDP, and over TCP when the answer does not fit; the name as it is, without search domains.

        Raises NoReply; the caller bounds the time too.
        """
        question = _question(name, kind)
        said = await self._said(question, timeout)
        wanted = question.question[0].rdtype
        found = {_text(record) for records in said.answer if records.rdtype == wanted for record in records}
        aliases = [records[0] for records in said.answer if records.rdtype == dns.rdatatype.CNAME]
        alias = _text(aliases[-1]) if aliases and wanted != dns.rdatatype.CNAME else ""
        return Reply(dns.rcode.to_text(said.rcode()), tuple(sorted(found)), alias)

    async def _said(self, question: dns.message.Message, timeout: float) -> dns.message.Message:
        """The first answer from any of the server's addresses: UDP does not report that nobody listens at one."""
        addresses = (await self._resolver.resolve(self._host, timeout)).addresses
        asked = [asyncio.ensure_future(self._said_at(where, question, timeout)) for where in addresses]
        try:
            for number, said in enumerate(asyncio.as_completed(asked), 1):
                try:
                    return await said
                except NoReply:
                    if number == len(asked):
                        raise
        finally:
            for each in asked:
                each.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        raise NoReply(f"DNS server {self.address} has no address")

    async def _said_at(self, where: str, question: dns.message.Message, timeout: float) -> dns.message.Message:
        try:
            said, _ = await dns.asyncquery.udp_with_fallback(question, where, timeout, self._port)
        except dns.exception.Timeout:
            raise NoReply(f"no answer from DNS server {self.address} within {timeout:g} s") from None
        except OSError as error:
            if why := own_fault(error.errno or 0):
                raise NoReply(why, unknown=True) from None
            raise NoReply(f"DNS server {self.address}: {os_reason(error)}") from None
        except (dns.exception.DNSException, EOFError) as error:
            raise NoReply(f"DNS server {self.address} does not speak DNS: {type(error).__name__}") from None
        return said

    async def resolve(self, host: str, timeout: float) -> Resolved:
        """The addresses of a host, as `Resolver.resolve`: IPv4 ones, or else IPv6 ones.

        Raises NameNotResolved, and ResolverBusy when the prober itself could not ask.
        """
        if is_numeric(host):
            return Resolved((host.strip("[]"),), None)
        began = time.perf_counter()
        try:
            reply = await self.ask(host, "A", timeout)
            if reply.rcode == "NOERROR" and not reply.answers:
                reply = await self.ask(host, "AAAA", timeout)
        except NoReply as why:
            if why.unknown:
                raise ResolverBusy(str(why)) from None
            raise NameNotResolved(f"name {host} not resolved: {why}") from None
        if not reply.answers:
            why_not = "no address" if reply.rcode == "NOERROR" else reply.rcode
            raise NameNotResolved(f"name {host} not resolved: DNS server {self.address} says {why_not}")
        return Resolved(reply.answers, time.perf_counter() - began)


def _question(name: str, kind: str) -> dns.message.Message:
    """Raises NoReply for what is not a name. A PTR record is asked for by the address itself, as with dig -x."""
    try:
        if kind == "PTR" and is_numeric(name):
            return dns.message.make_query(dns.reversename.from_address(name.strip("[]")), kind)
        return dns.message.make_query(ascii_name(name) or ".", kind)
    except (dns.exception.DNSException, ValueError):
        raise NoReply(f"{name!r} is not a name") from None


def same_record(kind: str, one: str, other: str) -> bool:
    """Whether two texts stand for one record: names whatever their case (RFC 4343) and last dot, addresses by value."""
    return one == other or (kind != "TXT" and _canonical(kind, one) == _canonical(kind, other))


def _canonical(kind: str, text: str) -> str:
    try:
        record = dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError):
        return text
    return record.to_digestable(dns.name.root).hex()


def _text(record: object) -> str:
    if isinstance(record, TXTBase):
        return b"".join(cast(tuple[bytes, ...], record.strings)).decode("utf-8", "replace")
    return str(record).removesuffix(".")
