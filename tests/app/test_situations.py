"""What goes on is read from what really runs: the holder of the sandbox, the store, the processes of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from drills.app import situations
from drills.app.access import IDLE, Moment
from drills.app.context import Context
from drills.app.situations import PRACTICE, of_drill, on_machine, on_sandbox
from drills.model.scorecard import DrillResult
from tests.app.conftest import Begin


def test_a_sandbox_that_nobody_holds_is_idle_and_no_store_is_made_to_find_out(context: Context) -> None:
    assert on_sandbox(context) == IDLE
    assert not (context.workspace.state_dir / "drills.db").exists()


def test_a_drill_that_runs_is_told_with_its_id(context: Context, begin: Begin) -> None:
    record = begin(blind=False)
    found = on_sandbox(context)
    assert (found.moment, found.says) == (Moment.OPEN, f"{record.drill_id} is still going on")


def test_a_blind_drill_is_told_from_an_open_one(context: Context, begin: Begin) -> None:
    record = begin(blind=True)
    for found in (on_sandbox(context), on_machine(context), of_drill(record)):
        assert (found.moment, found.says) == (Moment.BLIND, f"{record.drill_id} is a blind drill and still going on")


def test_a_drill_that_has_ended_or_whose_runner_has_died_is_over(begin: Begin) -> None:
    record = begin(blind=True)
    assert of_drill(replace(record, result=DrillResult.MET)) == IDLE
    assert of_drill(replace(record, runner_started=record.runner_started - 100.0)) == IDLE


def test_a_practice_elsewhere_on_the_machine_is_found_by_its_environment(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"{PRACTICE}_OF_A_TEST"  # with the real one, tests that show scenarios at the same time would be refused
    monkeypatch.setattr(situations, "PRACTICE", variable)
    waiting = [sys.executable, "-c", "import sys; print('here', flush=True); sys.stdin.read()"]
    environment = {**os.environ, variable: "1"}
    with subprocess.Popen(waiting, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as practising:
        assert practising.stdout is not None
        assert practising.stdout.readline() == b"here\n"
        found = on_machine(context)
        alone = on_sandbox(context)
        practising.communicate()
    assert (found.moment, found.says) == (
        Moment.BLIND,
        f"somebody practises blind on this machine (process {practising.pid})",
    )
    assert alone == IDLE
