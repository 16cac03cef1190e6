"""What a rehearsal asks of a runbook's steps: that they run, not that they find an incident."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from drills.app.rehearsal import Rehearsed, rehearse_steps
from drills.clock import SystemClock
from drills.responders.runbook import StepResult, Surroundings
from drills.responders.runbook_file import parse_runbook


def block(name: str, command: str, **attributes: object) -> str:
    return f"```sh {json.dumps({'name': name, **attributes})}\n{command}\n```\n\n"


def rehearsed(folder: Path, text: str) -> list[Rehearsed]:
    surroundings = Surroundings.of(folder)
    return asyncio.run(rehearse_steps(parse_runbook(text).blocks, surroundings, SystemClock()))


def diagnosis(folder: Path, command: str, **attributes: object) -> Rehearsed:
    (only,) = rehearsed(folder, block("check", command, **{"read-only": True, **attributes}))
    return only


def verification(folder: Path, command: str, **attributes: object) -> StepResult:
    text = block("act", "touch acted") + block("verify", command, **{"read-only": True, **attributes})
    (only,) = rehearsed(folder, text)
    assert not (folder / "acted").exists()
    return only.step


@pytest.mark.parametrize("status", [0, 1])
def test_a_step_that_fails_during_the_incident_may_succeed_where_nothing_is_wrong(tmp_path: Path, status: int) -> None:
    step = diagnosis(tmp_path, f"exit {status}", exit=1, expect="EXPIRED").step
    assert (step.ok, step.reason, step.exit_status) == (True, "", status)


def test_what_a_diagnosis_finds_during_the_incident_is_told_and_not_asked(tmp_path: Path) -> None:
    checked = diagnosis(tmp_path, "echo all is well", expect="EXPIRED")
    assert (checked.step.ok, checked.remark) == (True, "; not found, as nothing is wrong: 'EXPIRED'")


def test_a_diagnosis_that_finds_its_failure_where_there_is_none_says_so(tmp_path: Path) -> None:
    checked = diagnosis(tmp_path, "echo EXPIRED yesterday", expect="EXPIRED")
    assert (checked.step.ok, checked.remark) == (True, "; found, although nothing is wrong: 'EXPIRED'")


def test_what_stands_below_the_remedy_must_be_as_it_must_be_after_it(tmp_path: Path) -> None:
    assert verification(tmp_path, "echo 0 missing", expect="^0 missing").ok
    missing = verification(tmp_path, "echo 3 missing", expect="^0 missing")
    assert (missing.ok, missing.reason) == (False, "the output does not contain '^0 missing'")
    assert verification(tmp_path, "exit 0", exit=1).reason == "exit status 0, not 1"


def test_any_other_exit_status_fails(tmp_path: Path) -> None:
    broken = diagnosis(tmp_path, "exit 2", exit=1, expect="x").step
    assert (broken.ok, broken.reason) == (False, "exit status 2, not 1")
    plain = diagnosis(tmp_path, "exit 1").step
    assert (plain.ok, plain.reason) == (False, "exit status 1, not 0")


def test_a_step_that_does_not_end_in_time_fails(tmp_path: Path) -> None:
    step = diagnosis(tmp_path, "sleep 30", exit=1, timeout="50ms").step
    assert (step.ok, step.reason) == (False, "not finished after 0.05 s")


def test_a_step_that_waits_for_a_decision_is_not_rehearsed(tmp_path: Path) -> None:
    assert rehearsed(tmp_path, block("check", "exit 1", **{"read-only": True, "when": "rollback"})) == []


def test_what_a_step_exports_is_there_in_those_that_are_rehearsed_after_it(tmp_path: Path) -> None:
    text = block("one", "export ORDER=42", **{"read-only": True}) + block("two", "echo $ORDER", **{"read-only": True})
    assert [done.step.output for done in rehearsed(tmp_path, text)] == ["", "42\n"]
