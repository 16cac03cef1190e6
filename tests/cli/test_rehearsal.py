"""What a rehearsal asks of a runbook's steps: that they run, not that they find an incident."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from drills.cli.rehearsal import rehearse_step
from drills.clock import SystemClock
from drills.responders.runbook import StepResult, Surroundings
from drills.responders.runbook_file import parse_runbook


def rehearsed(folder: Path, command: str, **attributes: object) -> tuple[StepResult, ...]:
    named = json.dumps({"name": "look", "read-only": True, **attributes})
    (block,) = parse_runbook(f"```sh {named}\n{command}\n```\n").blocks
    return asyncio.run(rehearse_step(block, Surroundings.of(folder), SystemClock()))


@pytest.mark.parametrize("status", [0, 1])
def test_a_step_that_fails_during_the_incident_may_succeed_where_nothing_is_wrong(tmp_path: Path, status: int) -> None:
    (step,) = rehearsed(tmp_path, f"exit {status}", exit=1, expect="EXPIRED")
    assert (step.ok, step.reason, step.exit_status) == (True, "", status)


def test_what_a_step_finds_during_the_incident_is_not_asked(tmp_path: Path) -> None:
    (step,) = rehearsed(tmp_path, "echo all is well", expect="EXPIRED")
    assert step.ok


def test_any_other_exit_status_fails(tmp_path: Path) -> None:
    (broken,) = rehearsed(tmp_path, "exit 2", exit=1)
    assert (broken.ok, broken.reason) == (False, "exit status 2, not 1")
    (plain,) = rehearsed(tmp_path, "exit 1")
    assert (plain.ok, plain.reason) == (False, "exit status 1, not 0")


def test_a_step_that_does_not_end_in_time_fails(tmp_path: Path) -> None:
    (step,) = rehearsed(tmp_path, "sleep 30", exit=1, timeout="50ms")
    assert (step.ok, step.reason) == (False, "not finished after 0.05 s")


def test_a_step_that_waits_for_a_decision_is_not_rehearsed(tmp_path: Path) -> None:
    assert rehearsed(tmp_path, "exit 1", when="rollback") == ()
