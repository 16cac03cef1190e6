"""The dns probe against a real DNS server, and names that other probes resolve by one."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from drills.errors import BadInput
from drills.model.probe import Outcome
from drills.probing.net.name_server import NameServer
from drills.probing.net.resolver import NameNotResolved, Resolver
from tests.probing.checking import Checked, both_ways, run_probe
from tests.probing.name_servers import naming
from tests.probing.servers import answering, serving

RECORDS = {
    ("shop.test", "A"): ("127.0.0.1",),
    ("shop.test", "TXT"): ('"hello" " there"',),
    ("two.test", "A"): ("127.0.0.2", "127.0.0.1"),
    ("six.test", "AAAA"): ("::1",),
    ("mail.test", "MX"): ("10 mx.mail.test.",),
}


def check(name: str = "shop.test", asserts: list[str] | None = None, rcode: str = "", **settings: Any) -> Checked:
    async def checked() -> Checked:
        async with naming(RECORDS, rcode) as server:
            return await run_probe("dns", {"server": server, "name": name, **settings}, asserts=asserts or [])

    return asyncio.run(checked())


def test_an_answer_passes_and_is_told() -> None:
    checked = check(asserts=["answers == ['127.0.0.1']", "rcode == 'NOERROR'", "time.total < 3.0"])
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert list(checked.seen.phases) == ["total"]
    assert check(type="TXT", asserts=["answers == ['hello there']"]).outcome is Outcome.PASS
    assert check("mail.test", type="MX", asserts=["answers == ['10 mx.mail.test']"]).outcome is Outcome.PASS


def test_what_is_expected_is_compared_whatever_the_order() -> None:
    assert check("two.test", expect=["127.0.0.1", "127.0.0.2"]).outcome is Outcome.PASS
    checked = check(expect=["127.0.0.9"])
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "shop.test is 127.0.0.1, not 127.0.0.9")
    assert check("two.test", expect=["127.0.0.1"]).reason == "two.test is 127.0.0.1, 127.0.0.2, not 127.0.0.1"


def test_a_name_that_is_gone_is_told_apart_from_one_without_that_record() -> None:
    assert check("gone.test").reason == "NXDOMAIN: there is no name gone.test"
    assert check("shop.test", type="AAAA").reason == "shop.test has no AAAA record"
    assert check(rcode="SERVFAIL").reason == "the DNS server answered SERVFAIL"


def test_a_name_that_must_be_gone_can_be_asserted() -> None:
    assert check("gone.test", asserts=["rcode == 'NXDOMAIN'"]).outcome is Outcome.PASS
    assert check("shop.test", asserts=["rcode == 'NXDOMAIN'"]).reason == 'rcode "NOERROR", not "NXDOMAIN"'


def test_a_server_that_is_silent_or_not_there_fails_in_time() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        checked = asyncio.run(run_probe("dns", {"server": server, "name": "shop.test"}, timeout="200ms"))
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, f"no answer from DNS server {server} within 0.2 s")
    checked = asyncio.run(run_probe("dns", {"server": server, "name": "shop.test"}, timeout="500ms"))
    assert checked.outcome is Outcome.FAIL
    assert checked.reason.startswith(("DNS server 127.0.0.1", "no answer from DNS server"))


def test_a_server_that_does_not_speak_dns_is_said_to_be_one() -> None:
    async def checked() -> Checked:
        class Babbling(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                self.transport.sendto(b"what?", addr)  # type: ignore[attr-defined]

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Babbling, local_addr=("127.0.0.1", 0))
        try:
            server = f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
            return await run_probe("dns", {"server": server, "name": "shop.test"}, timeout="500ms")
        finally:
            transport.close()

    checked = asyncio.run(checked())
    assert checked.outcome is Outcome.FAIL
    assert "does not speak DNS" in checked.reason


def test_a_name_server_resolves_for_others_and_says_why_it_cannot() -> None:
    async def play() -> None:
        async with naming(RECORDS) as server:
            names = NameServer(server, Resolver())
            assert (await names.resolve("shop.test", 1)).addresses == ("127.0.0.1",)
            assert (await names.resolve("six.test", 1)).addresses == ("::1",)
            assert (await names.resolve("127.0.0.3", 1)).addresses == ("127.0.0.3",)
            with pytest.raises(
                NameNotResolved, match=f"name gone.test not resolved: DNS server {server} says NXDOMAIN"
            ):
                await names.resolve("gone.test", 1)
            with pytest.raises(NameNotResolved, match="says no address"):
                await names.resolve("mail.test", 1)

    asyncio.run(play())


def test_an_http_probe_asks_the_dns_server_that_it_names() -> None:
    asked: list[bytes] = []

    async def checked(name: str) -> Checked:
        async with naming(RECORDS) as server, serving(answering(b"{}", seen=asked)) as port:
            return await run_probe("http", {"url": f"http://{name}:{port}/", "dns": server}, asserts=["status == 200"])

    well = asyncio.run(checked("shop.test"))
    assert (well.outcome, well.reason) == (Outcome.PASS, "")
    assert list(well.seen.phases) == ["dns", "connect", "first-byte", "total"]
    assert b"Host: shop.test:" in asked[0]
    assert "says NXDOMAIN" in asyncio.run(checked("gone.test")).reason


def test_a_dns_server_without_a_host_is_bad_input() -> None:
    with pytest.raises(BadInput, match="is not a DNS server; write host:port"):
        asyncio.run(run_probe("dns", {"server": ":53", "name": "shop.test"}))


def test_a_server_is_written_with_or_without_a_port_and_brackets() -> None:
    for written, address in (
        ("127.0.0.1", "127.0.0.1:53"),
        ("::1", "[::1]:53"),
        ("[::1]:5353", "[::1]:5353"),
        ("ns.test:54", "ns.test:54"),
    ):
        assert NameServer(written, Resolver()).address == address
    with pytest.raises(ValueError, match="the DNS server has a port that is not a number"):
        NameServer("ns.test:dns", Resolver())


def test_a_server_of_several_addresses_is_asked_where_somebody_answers() -> None:
    async def checked() -> Checked:
        async with naming(RECORDS) as server:
            settings = {"server": server.replace("127.0.0.1", "ns.test"), "name": "shop.test"}
            return await run_probe("dns", settings, lookup=both_ways)

    found = asyncio.run(checked())
    assert (found.outcome, found.reason) == (Outcome.PASS, "")
