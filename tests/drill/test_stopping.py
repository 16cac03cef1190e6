"""The kill switch, whatever hangs: a runner that does not answer, one that is frozen, a store that is locked."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from drills.drill import stopping
from drills.drill.stopping import stop_everything
from drills.errors import EnvironmentFailed, ExitCode
from drills.faults.restoring import plan_of
from drills.model.scorecard import DrillResult
from drills.sandbox.fingerprint import Fingerprint
from drills.store.journal import Journal
from drills.store.store import Store
from drills.store.switch import KillSwitch
from drills.workspace.workspace import Workspace
from tests.cli.typed import drills_here

#: Begins a drill that owes an undo, or only holds the sandbox; then it hangs as its argument says.
RUNNER = f"""
import os, signal, sys, time
from pathlib import Path
from drills.model.responder_kind import ResponderKind
from drills.faults.restoring import RESTORE_SANDBOX
from drills.store.holder import hold
from drills.store.journal import Journal
from drills.store.store import Store

url, state_dir, how = sys.argv[1:]
if how == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with hold(Path(state_dir), "default", "drill slow-query", drill=True):
    if how != "unrecorded":
        store = Store.open(url)
        record = store.begin_drill(scenario="slow-query", sandbox="default", responder=ResponderKind.NONE)
        plan = {plan_of(Fingerprint({}))!r}
        Journal(store).write(record.drill_id, "default", RESTORE_SANDBOX, "bring it back", plan)
    if how == "lingers" and os.fork() == 0:  # the lock is its child's, too
        os.close(1)
        time.sleep(1)
        os._exit(0)
    print("ready", flush=True)
    time.sleep(600)
"""


class Restored:
    """Counts how often it was brought back."""

    def __init__(self) -> None:
        self.count = 0

    def restore(self, _: Fingerprint) -> tuple[str, ...]:
        self.count += 1
        return ()


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Restored:
    restored = Restored()
    monkeypatch.setattr(stopping, "open_sandbox", lambda _, **__: restored)
    return restored


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    (tmp_path / "drills.yaml").write_text("playbook: fastapi\n", encoding="utf-8")
    return Workspace.load(tmp_path)


@pytest.fixture
def store(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr("drills.store.database.BUSY_SECONDS", 0.1)
    with closing(Store.open(place.store_url)) as opened:
        yield opened


@contextmanager
def runner(place: Workspace, how: str) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-c", RUNNER, place.store_url, str(place.state_dir), how]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("frozen", [False, True])
def test_a_runner_that_does_not_answer_is_killed_and_its_drill_undone(
    place: Workspace, store: Store, sandbox: Restored, frozen: bool
) -> None:
    said: list[str] = []
    with runner(place, "deaf") as process:
        if frozen:
            os.kill(process.pid, signal.SIGSTOP)
        stopped = stop_everything(place, store, "", stay_stopped=False, patience=0.3, say=said.append)
        assert process.wait(10) == -signal.SIGKILL
    (record,) = store.drills()
    assert said == [f"{record.drill_id} (process {process.pid}) is asked to undo its faults and end within 300ms"]
    assert stopped.lines[0] == (
        f"{record.drill_id} (process {process.pid}) did not end within 300ms and was killed; "
        "what it did is undone from here"
    )
    assert stopped.exit_code is ExitCode.ALL_MET
    assert record.result is DrillResult.ABORTED
    assert sandbox.count == 1
    assert Journal(store).owed("default") == []


def test_a_runner_that_is_gone_before_the_kernel_lets_its_lock_go_is_waited_for(
    place: Workspace, store: Store, sandbox: Restored
) -> None:
    with runner(place, "lingers"):
        stopped = stop_everything(place, store, "", stay_stopped=False, patience=30)
    assert stopped.exit_code is ExitCode.ALL_MET
    assert sandbox.count == 1


def test_a_frozen_runner_is_woken_so_that_it_can_end_by_itself(
    place: Workspace, store: Store, sandbox: Restored
) -> None:
    with runner(place, "willing") as process:
        os.kill(process.pid, signal.SIGSTOP)
        stopped = stop_everything(place, store, "", stay_stopped=False, patience=30)
        assert process.wait(10) == -signal.SIGTERM
    assert stopped.lines[0] == f"{store.drills()[0].drill_id} ended"


def test_a_runner_that_has_not_begun_its_drill_yet_is_ended_too(
    place: Workspace, store: Store, sandbox: Restored
) -> None:
    with runner(place, "unrecorded") as process:
        stopped = stop_everything(place, store, "", stay_stopped=False, patience=30)
        assert process.wait(10) == -signal.SIGTERM
    assert stopped.lines == ("drill slow-query ended",)


def test_a_locked_store_keeps_nothing_from_being_ended_and_undone(
    place: Workspace, store: Store, sandbox: Restored
) -> None:
    said: list[str] = []
    with runner(place, "willing") as process, closing(sqlite3.connect(place.state_dir / "drills.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EnvironmentFailed, match="drills may start again, for the kill switch could not be stored"):
            stop_everything(place, store, "", stay_stopped=True, patience=30, say=said.append)
        assert process.wait(10) == -signal.SIGTERM
        other.execute("ROLLBACK")
    assert sandbox.count >= 1
    assert any("undone, but not written down" in line for line in said)
    assert not KillSwitch(store).state().stopped
    again = stop_everything(place, store, "", stay_stopped=True)
    assert again.exit_code is ExitCode.ALL_MET
    assert store.drills()[0].result is DrillResult.ABORTED
    assert KillSwitch(store).state().stopped


@pytest.mark.parametrize("broken", ["drills.yaml", "store"])
def test_a_runner_is_ended_also_when_nothing_else_can_be_read(place: Workspace, broken: str) -> None:
    with runner(place, "unrecorded") as process:
        if broken == "drills.yaml":
            (place.home / "drills.yaml").write_text("playbook: [\n", encoding="utf-8")
        else:
            (place.state_dir / "drills.db").mkdir(parents=True)
        done = drills_here("stop", folder=place.home)
        assert process.wait(10) == -signal.SIGTERM
    assert "drill slow-query ended" in done.stdout
    assert "Traceback" not in done.stderr
    assert broken.replace("store", "drills.db") in done.stderr.splitlines()[-1]
    assert done.returncode in (ExitCode.BAD_INPUT, ExitCode.NOT_VALID)
