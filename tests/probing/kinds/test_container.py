"""The container probe on real processes, as the local driver has them."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from drills.included_shop.local.replica_usage import ProcessUsage
from drills.model.probe import Outcome
from drills.processes.start import start_ticks
from drills.sandbox.state import DiskMount, ProcessRecord, SandboxState
from tests.probing.checking import Checked, KeptSandbox, run_probe


@contextmanager
def sleeper() -> Iterator[ProcessRecord]:
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; print('started', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        # From here on it uses no processor time: a few ticks of its start would be a large share of a short interval.
        assert process.stdout is not None
        process.stdout.readline()
        created = psutil.Process(process.pid).create_time()
        yield ProcessRecord(service="app", pid=process.pid, create_time=created, port=1)
    finally:
        process.kill()
        process.communicate()


def write(path: Path, *processes: ProcessRecord, **more: Any) -> str:
    path.write_text(SandboxState(identity="test", processes=processes, **more).model_dump_json())
    return str(path)


def measured(settings: dict[str, Any], **more: Any) -> Checked:
    """A probe of the local sandbox whose state is kept in the file that the settings name."""
    state = Path(settings["state"])
    sandbox = KeptSandbox(state, lambda service: ProcessUsage(service, state.parent / "logs" / f"{service}.log"))
    return asyncio.run(run_probe("container", settings, sandbox=sandbox, **more))


def test_memory_and_processor_time_are_shares_of_their_limits(tmp_path: Path) -> None:
    with sleeper() as one, sleeper() as two:
        state = write(tmp_path / "state.json", one, two)
        settings = {"service": "app", "state": state, "memory-limit": 100_000_000, "cpu-limit": 2}
        checked = measured(settings, times=2, asserts=["processes == 2", "restarts == 0"])
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert 0.01 < checked.seen.metrics["memory"] < 1
    assert 0 <= checked.seen.metrics["cpu"] < 0.6


def test_the_first_check_has_no_processor_time_yet(tmp_path: Path) -> None:
    with sleeper() as one:
        state = write(tmp_path / "state.json", one)
        checked = measured({"service": "app", "state": state}, asserts=["cpu < 0.9"])
    assert "cpu" not in checked.seen.metrics
    assert checked.outcome is Outcome.PASS


def test_a_process_in_the_place_of_another_is_a_restart(tmp_path: Path) -> None:
    with ExitStack() as stack:
        one, two = stack.enter_context(sleeper()), stack.enter_context(sleeper())
        state = tmp_path / "state.json"
        settings = {"service": "app", "state": write(state, one)}
        checked = measured(settings, times=2, between=lambda: write(state, two), asserts=["restarts == 0"])
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "restarts 1, not 0")


def test_a_clock_that_was_set_back_makes_no_process_another_one(tmp_path: Path) -> None:
    with sleeper() as one:
        noted = one.model_copy(update={"create_time": one.create_time + 3600, "start_ticks": start_ticks(one.pid)})
        checked = measured({"service": "app", "state": write(tmp_path / "state.json", noted)})
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")


def test_a_process_that_ended_does_not_run_though_it_is_still_written_down(tmp_path: Path) -> None:
    with sleeper() as one:
        pass
    checked = measured({"service": "app", "state": write(tmp_path / "state.json", one)})
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "no replica of app is running")


def test_another_process_with_the_same_pid_is_not_taken_for_it(tmp_path: Path) -> None:
    with sleeper() as one:
        earlier = one.model_copy(update={"create_time": one.create_time - 100})
        checked = measured({"service": "app", "state": write(tmp_path / "state.json", earlier)})
    assert checked.outcome is Outcome.FAIL


def test_the_size_of_a_folder_is_a_share_of_its_limit(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_bytes(b"x" * 400_000)
    with sleeper() as one:
        settings = {
            "service": "app",
            "state": write(tmp_path / "state.json", one),
            "disk": str(tmp_path),
            "disk-limit": 1_000_000,
        }
        checked = measured(settings)
    assert checked.seen.metrics["disk"] == pytest.approx(0.4, abs=0.05)


def test_a_sandbox_that_is_not_there_fails_in_one_line(tmp_path: Path) -> None:
    checked = measured({"service": "app", "state": str(tmp_path / "none.json")})
    assert checked.outcome is Outcome.FAIL
    broken = tmp_path / "state.json"
    broken.write_text("{")
    checked = measured({"service": "app", "state": str(broken)})
    assert checked.outcome is Outcome.FAIL
    assert len(checked.reason.splitlines()) == 1


def test_a_replica_beside_the_others_is_not_a_restart(tmp_path: Path) -> None:
    with sleeper() as one, sleeper() as two:
        state = tmp_path / "state.json"
        settings = {"service": "app", "state": write(state, one)}
        checked = measured(settings, times=2, between=lambda: write(state, one, two))
    assert (checked.seen.values["processes"], checked.seen.values["restarts"]) == (2, 0)


def test_memory_is_a_share_of_what_a_replica_may_hold(tmp_path: Path) -> None:
    with sleeper() as one:
        state = write(tmp_path / "state.json", one.model_copy(update={"memory_limit": 100 * 2**20}))
        seen = measured({"service": "app", "state": state}).seen
    assert seen.metrics["memory"] == seen.values["memory_bytes"] / (100 * 2**20)


def test_ends_at_the_memory_limit_count_from_the_first_check_on(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "app.log"
    log.parent.mkdir()
    end = '{"level":"critical","message":"out of memory","held_mb":600}\n'
    log.write_text(end)
    with sleeper() as one:
        settings = {"service": "app", "state": write(tmp_path / "state.json", one)}
        first = measured(settings)
        assert first.seen.values["oom_kills"] == 0
        checked = measured(
            settings,
            times=2,
            between=lambda: log.write_text(end + '{"message":"hello"}\n' + end),
            asserts=["oom_kills == 0"],
        )
    assert checked.reason == "oom_kills 1, not 0"


def test_a_service_without_a_disk_of_its_own_measures_none(tmp_path: Path) -> None:
    with sleeper() as one:
        settings = {"service": "app", "state": write(tmp_path / "state.json", one)}
        checked = measured(settings, asserts=["disk < 0.1", "disk_full_in > 60.0"])
    assert "disk" not in checked.seen.metrics
    assert checked.outcome is Outcome.PASS


def test_a_database_without_a_bounded_disk_has_the_machines(tmp_path: Path) -> None:
    with sleeper() as one:
        database = one.model_copy(update={"service": "database"})
        disks = {"database": DiskMount(path=str(tmp_path))}
        settings = {"state": write(tmp_path / "state.json", database, disks=disks), "service": "database"}
        checked = measured(settings, asserts=["disk_full_in > 60.0"])
    whole = shutil.disk_usage(tmp_path)
    assert checked.seen.metrics["disk"] == pytest.approx(whole.used / whole.total, abs=0.1)
    assert checked.outcome is Outcome.PASS


def test_memory_of_another_service_than_the_one_that_playbooks_mean_is_for_assertions_only(tmp_path: Path) -> None:
    with sleeper() as one:
        state = write(tmp_path / "state.json", one.model_copy(update={"service": "cache"}), measured="app")
        checked = measured({"state": state, "service": "cache"}, asserts=["memory > 0.9"])
    assert checked.outcome is Outcome.FAIL
    assert checked.seen.metrics == {}
