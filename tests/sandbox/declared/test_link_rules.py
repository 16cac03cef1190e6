"""Links that cannot be: each is refused where it is written, and one that can be is not."""

# ruff: noqa: E501 - a row of the table is one mistake and what is said about it

from __future__ import annotations

from typing import Any

import pytest

from drills.sandbox.declared.declaration import Act, DeclaredLink, DeclaredService
from drills.sandbox.declared.link_rules import Wrong, wrong_by_itself, wrong_with

SERVICES = {"web": DeclaredService(may=(Act.CUT,)), "job": DeclaredService(), "db": DeclaredService()}


def link(caller: str = "web", to: str = "db", port: int = 5432) -> DeclaredLink:
    return DeclaredLink(from_=caller, to=to, port=port)


def said(found: Any) -> list[str]:
    return [f"{'theirs ' if each.theirs else ''}{'.'.join(map(str, each.yaml_path))}: {each.wrong}" for each in found]


@pytest.mark.parametrize(
    ("links", "wrong"),
    [
        ({"a": link()}, []),
        ({"a": link(), "b": link(port=5433), "c": link(to="job")}, []),
        ({"a": link("wep")}, ["sandbox.links.a.from: there is no service 'wep' in sandbox.services"]),
        ({"a": link("job")}, ["sandbox.links.a.from: its owner does not allow this: sandbox.services.job.may does not name cut"]),
        ({"a": link(to="web")}, ["sandbox.links.a.to: is the service that calls"]),
        ({"a": link(), "b": link()}, ["sandbox.links.b: is the same as a: web to db at port 5432"]),
    ],
)  # fmt: skip
def test_what_drills_yaml_alone_shows(links: dict[str, DeclaredLink], wrong: list[str]) -> None:
    assert said(wrong_by_itself(links, SERVICES)) == wrong


WEB, DB = {"networks": {"back": None, "front": None}}, {"networks": {"back": {"aliases": ["store"]}}}
FIXED = {"networks": {"back": {"ipv4_address": "10.5.0.3"}}}


@pytest.mark.parametrize(
    ("web", "db", "wrong"),
    [
        (WEB, DB, None),
        ({}, {"networks": {"default": None}}, None),
        (WEB, {"networks": {"data": None}}, "sandbox.links.a: web and db share no network"),
        ({"network_mode": "host"}, DB, "theirs services.web.network_mode: the link a cannot run through Toxiproxy: web has network_mode: host, and no names"),
        (WEB, {"network_mode": "service:web"}, "theirs services.db.network_mode: the link a cannot run through Toxiproxy: db has network_mode: service:web, and no names"),
        ({**WEB, "extra_hosts": ["host.docker.internal=host-gateway"]}, DB, None),
        ({**WEB, "extra_hosts": ["store=10.1.1.1"]}, DB, "theirs services.web.extra_hosts: leads web to db by an address (store=10.1.1.1), around the link a"),
        ({**WEB, "extra_hosts": ["primary=10.5.0.3"]}, FIXED, "theirs services.web.extra_hosts: leads web to db by an address (primary=10.5.0.3), around the link a"),
        ({**WEB, "environment": {"URL": "pg://10.5.0.3:5432/x"}}, FIXED, "theirs services.web.environment.URL: has the address of db, 10.5.0.3: web calls it around the link a"),
        ({**WEB, "environment": {"URL": "pg://10.5.0.33:5432/x"}}, FIXED, None),
        ({**WEB, "command": ["run", "--db=10.5.0.3"]}, FIXED, "theirs services.web.command: has the address of db, 10.5.0.3: web calls it around the link a"),
        ({**WEB, "environment": {"H": "host.docker.internal:15432"}}, {**DB, "ports": [{"target": 5432, "published": "15432", "protocol": "tcp"}]}, "theirs services.web.environment.H: calls db by this machine's port (host.docker.internal:15432), around the link a"),
        (WEB, {**DB, "expose": ["53/udp"]}, "sandbox.links.a.to: db also listens on 53/udp, which Toxiproxy cannot carry"),
        (WEB, {**DB, "ports": [{"target": 514, "protocol": "udp"}]}, "sandbox.links.a.to: db also listens on 514/udp, which Toxiproxy cannot carry"),
    ],
)  # fmt: skip
def test_what_the_project_shows(web: dict[str, Any], db: dict[str, Any], wrong: str | None) -> None:
    assert said(wrong_with({"a": link()}, {"web": web, "db": db})) == ([] if wrong is None else [wrong])


def test_a_callee_that_the_project_does_not_have_is_named() -> None:
    assert list(wrong_with({"a": link(to="dbb")}, {"web": WEB, "db": DB})) == [
        Wrong(("sandbox", "links", "a", "to"), "the compose file has no service 'dbb'", "did you mean db?")
    ]
