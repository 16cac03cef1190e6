"""How a declared service is reached: by its published port, else by its container, as its technology has it."""

from __future__ import annotations

import pytest

from drills.errors import EnvironmentFailed
from drills.sandbox.compose.containers import Container
from drills.sandbox.declared.addresses import host_port, url_of
from drills.sandbox.declared.declaration import Adapter, DeclaredService


def container(*, state: str = "running", address: str = "", **ports: int) -> Container:
    published = {int(inside.removeprefix("p")): outside for inside, outside in ports.items()}
    return Container("1", "x-web-1", "web", 1, state, "Up", "sha256:0", {}, published, address=address)


def test_a_published_port_comes_before_the_containers_own() -> None:
    web = DeclaredService(adapter=Adapter.HTTP, port=8000)
    assert host_port(web, [container(address="172.18.0.2", p8000=49153)]) == "127.0.0.1:49153"
    assert host_port(web, [container(address="172.18.0.2")]) == "172.18.0.2:8000"
    assert host_port(web, [container(state="exited")]) is None
    assert host_port(DeclaredService(), [container(p8000=1)]) is None, "nothing says where it listens"


def test_a_technology_has_its_usual_port() -> None:
    assert host_port(DeclaredService(adapter=Adapter.POSTGRES), [container(p5432=15432)]) == "127.0.0.1:15432"


@pytest.mark.parametrize(
    ("service", "url"),
    [
        (DeclaredService(port=25), "h:1"),
        (DeclaredService(adapter=Adapter.HTTP), "http://h:1"),
        (DeclaredService(adapter=Adapter.REDIS), "redis://h:1/0"),
        (DeclaredService(adapter=Adapter.REDIS, password_from="env:SECRET"), "redis://:p%40ss@h:1/0"),
        (DeclaredService(adapter=Adapter.POSTGRES, user="app", database="my db"), "postgresql://app@h:1/my%20db"),
        (DeclaredService(adapter=Adapter.POSTGRES, password_from="env:SECRET"), "postgresql://postgres:p%40ss@h:1/postgres"),
    ],
)  # fmt: skip
def test_a_name_stands_for_what_clients_of_its_technology_take(
    service: DeclaredService, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "p@ss")
    assert url_of(service, "h:1") == url


def test_a_password_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DB_PASSWORD", raising=False)
    with pytest.raises(EnvironmentFailed, match="the variable DB_PASSWORD is not set"):
        url_of(DeclaredService(adapter=Adapter.POSTGRES, password_from="env:DB_PASSWORD"), "h:1")
