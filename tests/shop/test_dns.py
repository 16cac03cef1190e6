from __future__ import annotations

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from shop.dns import answer


def asked(name: str, kind: str = "A", address: str = "127.0.0.1") -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    said = answer(query.to_wire(), address)
    assert said is not None
    reply = dns.message.from_wire(said)
    assert query.is_response(reply)
    return reply


def test_the_shops_name_has_the_address_that_is_set_whatever_its_capitals() -> None:
    for name in ("shop.test", "Shop.TEST"):
        reply = asked(name, address="127.0.0.7")
        assert [str(each) for rrset in reply.answer for each in rrset] == ["127.0.0.7"]
        assert reply.flags & dns.flags.AA


@pytest.mark.parametrize(("name", "address"), [("shop.test", ""), ("www.shop.test", "127.0.0.1")])
def test_a_name_that_is_not_there_is_nxdomain(name: str, address: str) -> None:
    reply = asked(name, address=address)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert not reply.answer
    assert reply.authority, "so that the absence may be remembered for a moment only"


def test_another_kind_of_record_of_the_name_is_empty_and_not_a_failure() -> None:
    reply = asked("shop.test", "AAAA")
    assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])


def test_other_zones_are_refused() -> None:
    assert asked("example.com").rcode() == dns.rcode.REFUSED


def test_what_is_no_query_is_not_answered() -> None:
    response = dns.message.make_response(dns.message.make_query("shop.test", "A"))
    assert answer(response.to_wire(), "127.0.0.1") is None
    assert answer(b"\x00\x01nonsense", "127.0.0.1") is None


def test_another_operation_is_not_implemented() -> None:
    query = dns.message.make_query("shop.test", "A")
    query.set_opcode(dns.opcode.STATUS)
    said = answer(query.to_wire(), "127.0.0.1")
    assert said is not None
    assert dns.message.from_wire(said).rcode() == dns.rcode.NOTIMP
