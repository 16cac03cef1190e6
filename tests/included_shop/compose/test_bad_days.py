"""What may happen to containers behind our back, and what is said and done then."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from drills.errors import EnvironmentFailed
from drills.included import included_root
from drills.included_shop.compose.driver import ComposeDriver
from drills.included_shop.compose.ports import DIRECT
from drills.included_shop.names import Service
from drills.included_shop.sandbox import ShopSandbox
from drills.sandbox.capabilities.services import Running
from drills.sandbox.ports import HOST, free_port
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.state import make_folder
from tests.included_shop.conftest import compose_project

pytestmark = [
    pytest.mark.engine,
    pytest.mark.parametrize("running", ["compose"], indirect=True),
    pytest.mark.timeout(300),
]


def remove_by_hand(sandbox: ShopSandbox, *services: str) -> None:
    for container in sandbox.own.control.of(*services):
        sandbox.own.containers.remove(container)


def ids(sandbox: ShopSandbox) -> dict[str, str]:
    return {container.name: container.id for container in sandbox.own.containers.list()}


def test_containers_that_were_removed_by_hand_are_made_again(sandbox: Sandbox) -> None:
    assert isinstance(sandbox, ShopSandbox)
    before = sandbox.fingerprint()
    remove_by_hand(sandbox, Service.CACHE, DIRECT)
    sandbox.own.containers.remove(sandbox.own.control.of(Service.APP)[0])
    assert next(each.running for each in sandbox.services.list() if each.name == Service.CACHE) is Running.DOWN
    assert sandbox.restore(before)
    assert sandbox.fingerprint().differences(before) == ()
    assert httpx.get(f"{sandbox.addresses['app-direct']}/health", trust_env=False).status_code == 200


def test_one_that_was_removed_is_started_by_its_name(sandbox: Sandbox) -> None:
    assert isinstance(sandbox, ShopSandbox)
    remove_by_hand(sandbox, Service.EXTERNAL_API)
    sandbox.services.start(Service.EXTERNAL_API)
    assert sandbox.health()[Service.EXTERNAL_API][0]


def test_the_rows_come_back_when_the_disk_was_lost_with_its_containers(sandbox: Sandbox) -> None:
    assert isinstance(sandbox, ShopSandbox)
    remove_by_hand(sandbox, Service.DATABASE, "database-disk")
    sandbox.services.start(Service.DATABASE)
    assert sandbox.database.sql("SELECT count(*) > 100000 FROM orders")[1] == [(True,)]


def test_a_sandbox_that_was_brought_up_by_hand_is_taken_over_as_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    assert isinstance(sandbox, ShopSandbox)
    sandbox.releases.deploy("1.2.0")
    sandbox.settings.set({"provider_rate_limit": "60"})
    before = ids(sandbox)
    other = ShopSandbox(ComposeDriver(sandbox.own.project, tmp_path, included_root()))
    assert other.addresses == {}
    assert other.is_up()
    assert other.addresses.keys() == sandbox.addresses.keys()
    assert next(each.version for each in other.releases.list() if each.current) == "1.2.0"
    assert (other.settings.values(), other.fingerprint().states["services"]) == (
        sandbox.settings.values(),
        sandbox.fingerprint().states["services"],
    )
    other.up()
    assert ids(sandbox) == before, "nothing had to be recreated"


def test_a_port_that_only_checked_free_is_chosen_again(sandbox: Sandbox, tmp_path: Path) -> None:
    assert isinstance(sandbox, ShopSandbox)
    other = ShopSandbox(ComposeDriver(compose_project("drills-second"), tmp_path, included_root()))
    make_folder(tmp_path)
    port = free_port(set(), tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, port))  # Free still for TCP: the engine alone finds that out.
        other.own.store.change(ports={Service.DNS: port})
        try:
            other.up()
            assert httpx.get(f"{other.addresses['app']}/ready", trust_env=False).status_code == 200
            assert other.own.store.read().ports[Service.DNS] != port
            assert not set(other.addresses.values()) & set(sandbox.addresses.values())
        finally:
            other.down()


def test_replicas_that_do_not_come_up_are_told_and_the_old_ones_go_on(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(sandbox, ShopSandbox)
    before = ids(sandbox)
    wrong = {**sandbox.own.control.variables(), "SHOP_POOL_SIZE": "999"}
    monkeypatch.setattr(sandbox.own.control, "variables", lambda: wrong)
    with pytest.raises(EnvironmentFailed, match=r"app did not come up \(ended at once\): .*pool_size must be"):
        sandbox.releases.deploy("1.0.0")
    assert ids(sandbox) == before
    assert next(each.version for each in sandbox.releases.list() if each.current) == "1.1.0"
    assert httpx.get(f"{sandbox.addresses['app']}/ready", trust_env=False).status_code == 200


def test_no_request_is_lost_while_a_release_is_replaced(sandbox: Sandbox) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=sandbox.addresses["app"], trust_env=False) as client:
        replacing = pool.submit(sandbox.releases.deploy, "1.0.0")
        answers = []
        while not replacing.done():
            answers.append(client.get("/health", timeout=10).status_code)
        replacing.result()
    assert answers
    assert set(answers) == {200}
