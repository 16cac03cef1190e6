"""Only what the sandbox started is ever signalled, and nothing that it started is left behind."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from drills.errors import EnvironmentFailed
from drills.included import included_root
from drills.included_shop.local import postgres, processes
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.names import Service
from drills.included_shop.sandbox import ShopSandbox
from drills.processes.start import start_ticks
from drills.sandbox.capabilities.services import Running
from drills.sandbox.ports import HOST
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.state import ProcessRecord, load, save
from tests.included_shop.local.recorded import read_processes

pytestmark = pytest.mark.slow

RUNNER = """
import sys
from pathlib import Path
from drills.included import included_root
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
ShopSandbox(LocalDriver(Path(sys.argv[1]), included_root(), cache_dir=Path(sys.argv[2]))).up()
input()
"""

DEPLOYER = """
import sys
from pathlib import Path
from drills.included import included_root
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
ShopSandbox(LocalDriver(Path(sys.argv[1]), included_root())).releases.deploy("1.2.0")
"""


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, template_cache: Path) -> Iterator[ShopSandbox]:
    """Another sandbox beside the shared one."""
    sandbox = ShopSandbox(LocalDriver(tmp_path_factory.mktemp("second"), included_root(), cache_dir=template_cache))
    sandbox.up()
    yield sandbox
    sandbox.down()


def alive(sandbox: ShopSandbox) -> set[int]:
    """Every process of a sandbox, found in the process table and not in its own records."""
    marker = sandbox.own.store.identity
    data = sandbox.own.layout.database
    return {process.pid for process in [*processes.marked(marker), *postgres.left_over(data)]}


def test_two_sandboxes_run_side_by_side(sandbox: Sandbox, second: ShopSandbox) -> None:
    assert not set(sandbox.addresses.values()) & set(second.addresses.values())
    second.releases.deploy("1.0.0")
    second.services.kill(Service.CACHE)
    assert httpx.get(f"{sandbox.addresses['app']}/version").json()["version"] == "1.1.0"
    assert all(status.running is Running.UP for status in sandbox.services.list())
    second.services.start(Service.CACHE)


def test_the_state_file_tells_every_main_process_with_its_port(second: ShopSandbox) -> None:
    records = read_processes(Path(second.addresses["state"]))
    assert {record.service for record in records} == set(Service)
    for record in records:
        assert psutil.Process(record.pid).create_time() == pytest.approx(record.create_time, abs=0.05)
        with socket.create_connection((HOST, record.port), timeout=5):
            pass


def test_a_bystander_with_the_same_command_line_is_never_signalled(second: ShopSandbox) -> None:
    [ours] = [status for status in second.services.list() if status.name == Service.EXTERNAL_API]
    command = psutil.Process(ours.pids[0]).cmdline()
    bystander = subprocess.Popen(
        [*command[:-1], "0"], cwd=included_root(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        # Even when a record names its very pid and start: without our marker it is not ours.
        path = Path(second.addresses["state"])
        state = load(path)
        assert state is not None
        forged = ProcessRecord(
            service=Service.EXTERNAL_API,
            pid=bystander.pid,
            create_time=psutil.Process(bystander.pid).create_time(),
            start_ticks=start_ticks(bystander.pid) or 0,
            port=1,
        )
        save(path, state.model_copy(update={"processes": (*state.processes, forged)}))
        second.services.kill(Service.EXTERNAL_API)
        second.down()
        assert bystander.poll() is None
        assert alive(second) == set()
    finally:
        bystander.kill()
        bystander.wait()
        second.up()


def test_a_later_process_with_a_recorded_pid_is_not_taken_for_ours(second: ShopSandbox) -> None:
    record = read_processes(Path(second.addresses["state"]))[0]
    marker = second.own.store.identity
    assert processes.found(record, marker) is not None
    later = record.model_copy(update={"start_ticks": record.start_ticks + 1, "create_time": record.create_time + 1})
    assert processes.found(later, marker) is None


def test_setting_the_clock_makes_no_process_a_stranger(second: ShopSandbox) -> None:
    record = read_processes(Path(second.addresses["state"]))[0]
    moved = record.model_copy(update={"create_time": record.create_time - 3600})
    assert processes.found(moved, second.own.store.identity) is not None


@pytest.mark.parametrize("moment", ["nothing on record yet", "some on record", "all up"])
def test_what_a_killed_runner_left_is_found_and_removed(moment: str, tmp_path: Path, template_cache: Path) -> None:
    sandbox = ShopSandbox(LocalDriver(tmp_path, included_root(), cache_dir=template_cache))
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path), str(template_cache)], stdin=subprocess.PIPE, cwd=included_root()
    )
    try:
        _wait_for(moment, sandbox)
        runner.kill()
        runner.wait()
        assert alive(sandbox) or moment == "nothing on record yet"
        if moment == "some on record":
            sandbox.up()
            assert httpx.get(f"{sandbox.addresses['app']}/ready").status_code == 200
            recorded = {record.pid for record in read_processes(Path(sandbox.addresses["state"]))}
            assert recorded <= alive(sandbox)
            assert {process.pid for process in processes.marked(sandbox.own.store.identity)} <= {
                member.pid for pid in recorded for member in processes.family(psutil.Process(pid))
            }
    finally:
        sandbox.down()
    assert alive(sandbox) == set()
    assert not sandbox.own.layout.database.exists()


def _wait_for(moment: str, sandbox: ShopSandbox) -> None:
    state = sandbox.own.layout.state
    wanted = {"nothing on record yet": 0, "some on record": 2, "all up": 8}[moment]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(EnvironmentFailed):
            if state.exists() and len(read_processes(state)) >= wanted:
                return
        time.sleep(0.005)
    raise AssertionError(f"the runner never reached: {moment}")


@pytest.mark.parametrize("moment", ["the new replicas begin", "the new release is noted"])
def test_a_deployment_whose_runner_was_killed_is_mended(moment: str, second: ShopSandbox) -> None:
    second.releases.deploy("1.1.0")
    before = second.fingerprint()
    path = Path(second.addresses["state"])
    runner = subprocess.Popen(
        [sys.executable, "-c", DEPLOYER, str(path.parent)], stdin=subprocess.DEVNULL, cwd=included_root()
    )

    def reached() -> bool:
        state = load(path)
        assert state is not None
        begun = sum(record.release == "1.2.0" for record in state.processes)
        return begun > 0 if moment == "the new replicas begin" else state.release == "1.2.0"

    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    runner.kill()
    runner.wait()
    assert second.restore(before)
    assert second.fingerprint().differences(before) == ()
    assert httpx.get(f"{second.addresses['app']}/version").json()["version"] == "1.1.0"
    assert len([record for record in read_processes(path) if record.service == Service.APP]) == 2


def test_a_dead_postmasters_children_are_ended_too(second: ShopSandbox) -> None:
    [record] = [one for one in read_processes(Path(second.addresses["state"])) if one.service == Service.DATABASE]
    second.services.pause(Service.DATABASE)
    psutil.Process(record.pid).kill()
    assert processes.wait_gone([psutil.Process(record.pid)] if psutil.pid_exists(record.pid) else [], 5) == []
    assert postgres.left_over(second.own.layout.database), "frozen children outlive their postmaster"
    second.services.start(Service.DATABASE)
    assert second.database.sql("SELECT 1")[1][0][0] == 1


def test_a_port_that_another_process_took_is_told_in_one_line(second: ShopSandbox) -> None:
    second.services.stop(Service.CACHE)
    port = int(second.addresses["cache"].rsplit(":", 1)[1].split("/")[0])
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind((HOST, port))
        taker.listen()
        with pytest.raises(EnvironmentFailed, match=f"^port {port} of the cache is taken by another process.*$"):
            second.services.start(Service.CACHE)
    second.services.start(Service.CACHE)


def test_a_service_that_does_not_come_up_says_what_its_log_said_last(second: ShopSandbox) -> None:
    second.services.stop(Service.DATABASE)
    broken = second.own.layout.database / "postgresql.conf"
    good = broken.read_text()
    broken.write_text(good + "\nshared_buffers = plenty\n")
    try:
        with pytest.raises(EnvironmentFailed, match=r"database did not come up.*shared_buffers") as failed:
            second.services.start(Service.DATABASE)
        assert "\n" not in str(failed.value)
    finally:
        broken.write_text(good)
        second.services.start(Service.DATABASE)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentFailed, match="cannot be made: Not a directory") as failed:
        ShopSandbox(LocalDriver(tmp_path / "file" / "state", included_root())).up()
    assert "\n" not in str(failed.value)


def test_a_sandbox_that_is_down_says_so(tmp_path: Path) -> None:
    sandbox = ShopSandbox(LocalDriver(tmp_path, included_root()))
    assert not sandbox.is_up()
    assert sandbox.addresses == {}
    assert all(status.running is Running.DOWN for status in sandbox.services.list())
    sandbox.down()
    for ask in (
        sandbox.fingerprint,
        sandbox.services.restart,
        lambda: sandbox.database.sql("SELECT 1"),
        lambda: sandbox.releases.deploy("1.0.0"),
    ):
        with pytest.raises(EnvironmentFailed, match="`drills sandbox up` starts it"):
            ask()
