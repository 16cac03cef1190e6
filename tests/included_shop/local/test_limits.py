"""What the local driver alone does in its own way: limits by cores, runners that died, sandboxes of older versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.included import included_root
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.local.limits import cores
from drills.included_shop.names import Service
from drills.included_shop.sandbox import ShopSandbox
from tests.included_shop.local.recorded import read_processes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, template_cache: Path) -> Iterator[ShopSandbox]:
    sandbox = ShopSandbox(LocalDriver(tmp_path_factory.mktemp("own"), included_root(), "own", cache_dir=template_cache))
    sandbox.up()
    yield sandbox
    sandbox.down()


@pytest.mark.skipif(len(cores()) < 2, reason="needs two cores")
def test_replicas_are_bound_to_cores_also_those_that_come_later_until_all_are_given_back(own: ShopSandbox) -> None:
    def bound() -> list[list[int]]:
        records = read_processes(Path(own.addresses["state"]))
        return [psutil.Process(each.pid).cpu_affinity() for each in records if each.service == Service.APP]

    own.resources.resize(Service.APP, cpus=1)
    assert [len(each) for each in bound()] == [1, 1]
    assert bound()[0] != bound()[1], "each has a core for itself"
    own.releases.deploy("1.0.0")
    assert [len(each) for each in bound()] == [1, 1]
    own.resources.resize(Service.APP, cpus=len(cores()))
    assert [len(each) for each in bound()] == [len(cores()), len(cores())]


def test_what_cannot_be_limited_here_is_refused_with_the_reason(own: ShopSandbox) -> None:
    with pytest.raises(BadInput, match=r"the local driver can limit the app's only, not that of the database"):
        own.resources.resize(Service.DATABASE, memory_mb=512)
    with pytest.raises(BadInput, match=r"a whole number .*not 0\.5"):
        own.resources.resize(Service.APP, cpus=0.5)
    with pytest.raises(BadInput, match="memory_limit_mb must be megabytes from 16 to 65536"):
        own.resources.resize(Service.APP, memory_mb=1)


def test_a_setting_whose_runner_died_before_the_services_had_it_reaches_them_when_it_is_set_again(
    own: ShopSandbox,
) -> None:
    def pids(service: Service) -> list[int]:
        return [each.pid for each in read_processes(path) if each.service == service]

    path = Path(own.addresses["state"])
    state = json.loads(path.read_text())
    wanted = {"pool_size": "5", "public_address": ""}
    state["settings"] |= wanted
    path.write_text(json.dumps(state))
    before = pids(Service.APP), pids(Service.CACHE)
    own.settings.set(wanted)
    assert not set(before[0]) & set(pids(Service.APP))
    assert pids(Service.CACHE) == before[1]
    assert own.health()["dns"] == (False, "shop.test: NXDOMAIN")
    own.settings.set({"public_address": "127.0.0.1"})


def test_a_sandbox_that_an_older_version_started_gets_what_is_new(own: ShopSandbox) -> None:
    path = Path(own.addresses["state"])
    own.services.kill(Service.EDGE)
    own.services.kill(Service.DNS)
    state = json.loads(path.read_text())
    for service in (Service.EDGE, Service.DNS):
        del state["ports"][service]
    for newer in ("changes", "changes_noted", "cpus", "up_since"):
        del state[newer]
    state["settings"] = {"pool_size": "4"}
    path.write_text(json.dumps(state))
    assert own.settings.values()["public_address"] == "127.0.0.1"
    assert own.addresses["app"], "probes that need nothing new go on"
    with pytest.raises(EnvironmentFailed, match="`drills sandbox up` adds what is new"):
        own.services.stop(Service.CACHE)
    app = [each.pid for each in read_processes(path) if each.service == Service.APP]
    own.up()
    assert all(well for well, _said in own.health().values())
    assert [each.pid for each in read_processes(path) if each.service == Service.APP] == app, "nothing was restarted"
