"""An acceptance run that is told to end takes down what it has brought up, and keeps no outcome of what it cut short.

Each runs as a program of its own, whose `drills` is a stand-in that notes its words, and takes its time for a drill.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from acceptance.harness import ROOT

#: Notes what it is called with; a drill starts a program and takes a minute, a `down` takes a second.
DRILLS = """
import subprocess, sys, time
words = sys.argv[2:]
note = open(sys.argv[1], "a")
print(*words, file=note, flush=True)
if words[0] == "run":
    subprocess.Popen(["sleep", "61.5"])
    print("drill", file=note, flush=True)
    time.sleep(61.5)
if words[:2] == ["sandbox", "status"]:
    print("{}")
if words[:2] == ["sandbox", "down"]:
    time.sleep(1)
    print("was taken down", file=note, flush=True)
"""
PROGRAM = """
import sys, tempfile
from pathlib import Path
from acceptance import harness, matrix, outcome
from acceptance.ending import run_in_order
here = Path(sys.argv[1])
tempfile.tempdir = str(here)
outcome.FOLDER = here / "outcomes"
harness.Harness.command = lambda self, *words: [sys.executable, "-c", {drills!r}, str(here / "said"), *words]
def matrix_of_two():
    sys.argv = ["matrix", "--only=bad-deploy", "--kind=own", "--kind=none", "--again", "--jobs", sys.argv[2]]
    return matrix.main()
def one_sandbox():
    with harness.open_harness() as made:
        made.run("run", "something")
    return 0
def one_that_is_taken_down_at_once():
    with harness.open_harness():
        pass
    (here / "went-on").touch()
    return 0
sys.exit(run_in_order(globals()[sys.argv[3]]))
"""


class Run:
    """One of the functions of the program."""

    def __init__(self, folder: Path, name: str, jobs: int = 1) -> None:
        self.folder = folder
        words = [sys.executable, "-c", PROGRAM.format(drills=DRILLS), str(folder), str(jobs), name]
        self.process = subprocess.Popen(
            words, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )

    def said(self) -> list[str]:
        file = self.folder / "said"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def await_saying(self, line: str, times: int = 1) -> None:
        deadline = time.monotonic() + 60
        while self.said().count(line) < times:
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.02)

    def end(self, number: signal.Signals, *, again: bool = False) -> str:
        """Tell it to end; returns what it says."""
        self.process.send_signal(number)
        if again:
            self.await_saying("sandbox down")
            self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=60)
        return errors


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert [path.name for path in tmp_path.glob("drills-acceptance-*")] == []
    left = [each.cmdline() for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", "61.5"]]
    assert left == []


@pytest.mark.xdist_group("ending")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_sandbox_is_taken_down(tmp_path: Path, number: signal.Signals) -> None:
    run = Run(tmp_path, "one_sandbox")
    run.await_saying("drill")
    errors = run.end(number)
    assert run.process.returncode == 128 + number
    assert errors.splitlines() == [
        f"{number.name}: undoing what was done and taking the sandbox down; SIGKILL would leave it"
    ]
    assert run.said()[-3:] == ["recover", "sandbox down", "was taken down"]


@pytest.mark.xdist_group("ending")
def test_a_second_signal_does_not_interrupt_that(tmp_path: Path) -> None:
    run = Run(tmp_path, "one_sandbox")
    run.await_saying("drill")
    run.end(signal.SIGTERM, again=True)
    assert run.process.returncode == 128 + signal.SIGTERM
    assert run.said()[-1] == "was taken down"


@pytest.mark.xdist_group("ending")
def test_one_that_comes_while_it_is_taken_down_anyway_waits_for_that(tmp_path: Path) -> None:
    run = Run(tmp_path, "one_that_is_taken_down_at_once")
    run.await_saying("sandbox down")
    run.end(signal.SIGTERM)
    assert run.process.returncode == 128 + signal.SIGTERM
    assert run.said()[-1] == "was taken down"
    assert not (tmp_path / "went-on").exists()


@pytest.mark.xdist_group("ending")
def test_all_sandboxes_of_a_matrix_are_taken_down_and_no_cell_that_was_cut_short_is_kept(tmp_path: Path) -> None:
    run = Run(tmp_path, "matrix_of_two", jobs=2)
    run.await_saying("drill", times=2)
    run.end(signal.SIGINT)
    assert run.process.returncode == 128 + signal.SIGINT
    assert run.said().count("was taken down") == 2
    assert not (tmp_path / "outcomes/local.jsonl").exists()
