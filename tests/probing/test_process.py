"""The process probe on real processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from drills.core.probe import Outcome
from drills.process_start import start_ticks
from drills.sandbox.state import ProcessRecord, SandboxState
from tests.probing.looking import look_at


@contextmanager
def sleeper() -> Iterator[ProcessRecord]:
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    try:
        created = psutil.Process(process.pid).create_time()
        yield ProcessRecord(service="app", pid=process.pid, create_time=created, port=1)
    finally:
        process.kill()
        process.communicate()


def write(path: Path, *processes: ProcessRecord) -> str:
    path.write_text(SandboxState(identity="test", processes=processes).model_dump_json())
    return str(path)


def test_memory_and_processor_time_are_shares_of_their_limits(tmp_path: Path) -> None:
    with sleeper() as one, sleeper() as two:
        state = write(tmp_path / "state.json", one, two)
        settings = {"state": state, "memory-limit": 100_000_000, "cpu-limit": 2}
        looked = asyncio.run(look_at("process", settings, times=2, asserts=["processes == 2", "restarts == 0"]))
    assert (looked.outcome, looked.reason) == (Outcome.PASS, "")
    assert 0.01 < looked.seen.metrics["memory"] < 1
    assert 0 <= looked.seen.metrics["cpu"] < 0.6


def test_the_first_look_has_no_processor_time_yet(tmp_path: Path) -> None:
    with sleeper() as one:
        state = write(tmp_path / "state.json", one)
        looked = asyncio.run(look_at("process", {"state": state}, asserts=["cpu < 0.9"]))
    assert "cpu" not in looked.seen.metrics
    assert looked.outcome is Outcome.PASS


def test_a_process_in_the_place_of_another_is_a_restart(tmp_path: Path) -> None:
    with ExitStack() as stack:
        one, two = stack.enter_context(sleeper()), stack.enter_context(sleeper())
        state = tmp_path / "state.json"
        settings = {"state": write(state, one)}
        looked = asyncio.run(
            look_at("process", settings, times=2, between=lambda: write(state, two), asserts=["restarts == 0"])  # type: ignore[arg-type, return-value]
        )
    assert (looked.outcome, looked.reason) == (Outcome.FAIL, "restarts 1, not 0")


def test_a_clock_that_was_set_back_makes_no_process_another_one(tmp_path: Path) -> None:
    with sleeper() as one:
        noted = one.model_copy(update={"create_time": one.create_time + 3600, "start_ticks": start_ticks(one.pid)})
        looked = asyncio.run(look_at("process", {"state": write(tmp_path / "state.json", noted)}))
    assert (looked.outcome, looked.reason) == (Outcome.PASS, "")


def test_a_process_that_ended_does_not_run_though_it_is_still_written_down(tmp_path: Path) -> None:
    with sleeper() as one:
        pass
    looked = asyncio.run(look_at("process", {"state": write(tmp_path / "state.json", one)}))
    assert (looked.outcome, looked.reason) == (Outcome.FAIL, "no process of app is running")


def test_another_process_with_the_same_pid_is_not_taken_for_it(tmp_path: Path) -> None:
    with sleeper() as one:
        earlier = one.model_copy(update={"create_time": one.create_time - 100})
        looked = asyncio.run(look_at("process", {"state": write(tmp_path / "state.json", earlier)}))
    assert looked.outcome is Outcome.FAIL


def test_the_size_of_a_folder_is_a_share_of_its_limit(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_bytes(b"x" * 400_000)
    with sleeper() as one:
        settings = {"state": write(tmp_path / "state.json", one), "disk": str(tmp_path), "disk-limit": 1_000_000}
        looked = asyncio.run(look_at("process", settings))
    assert looked.seen.metrics["disk"] == pytest.approx(0.4, abs=0.05)


def test_a_sandbox_that_is_not_there_fails_in_one_line(tmp_path: Path) -> None:
    looked = asyncio.run(look_at("process", {"state": str(tmp_path / "none.json")}))
    assert looked.outcome is Outcome.FAIL
    broken = tmp_path / "state.json"
    broken.write_text("{")
    looked = asyncio.run(look_at("process", {"state": str(broken)}))
    assert looked.outcome is Outcome.FAIL
    assert len(looked.reason.splitlines()) == 1
