"""Under which names a caller finds a callee, as the engine's descriptions have them."""

from __future__ import annotations

from typing import Any

from drills.sandbox.declared.link_names import endpoints, names_of, own_words, shared


def described(name: str, **networks: dict[str, Any]) -> dict[str, Any]:
    return {"Id": f"{name:0<64}", "Name": f"/{name}", "NetworkSettings": {"Networks": networks}}


WEB = endpoints(
    described("x-web-1", back={"Aliases": ["web"], "Links": ["x-db-1:elsewhere", "x-mail-1:mail"]}, front={})
)
DB = endpoints(described("x-db-1", back={"Aliases": ["db", "x-db-1", "x-db-1000000"], "DNSNames": ["db", "host"]}))


def test_a_callee_has_all_its_names_but_the_engines_abbreviation() -> None:
    assert names_of(DB, "back") == {"db", "x-db-1", "host"}
    assert names_of(DB, "front") == frozenset()


def test_of_several_replicas_only_what_stands_for_all_of_them_leads_to_a_proxy() -> None:
    second = endpoints(described("x-db-2", back={"Aliases": ["db", "x-db-2"]}))
    assert names_of((*DB, *second), "back") == {"db"}


def test_what_the_caller_alone_calls_it_counts_too() -> None:
    assert own_words(WEB[0], DB) == {"elsewhere"}


def test_they_meet_where_every_caller_is_and_names_are_known() -> None:
    assert shared(WEB, DB) == ("back",)
    other = endpoints(described("x-web-2", front={}))
    assert shared((*WEB, *other), DB) == ()
    assert shared(endpoints(described("a", bridge={})), endpoints(described("b", bridge={}))) == ()
    assert shared((), DB) == ()
