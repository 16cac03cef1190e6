"""What a killed runner left behind is seen; `acceptance/kill.py` kills real ones (`make kill`)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.kill import _left_behind
from drills.processes.mark import MARK


@pytest.mark.parametrize(
    ("variables", "left"),
    [
        ({MARK: "a-mark"}, True),
        ({"DRILLS_DRILL": "INC-20261121-001", "DRILLS_WORKSPACE": "{folder}"}, True),
        ({"DRILLS_DRILL": "INC-20261121-002", "DRILLS_WORKSPACE": "{folder}"}, False),
        ({MARK: "a-mark", "DRILLS_SANDBOX": "the-sandboxes"}, False),
        ({}, False),
    ],
)
def test_programs_of_the_drill_and_of_its_faults_are_left_behind(
    variables: dict[str, str], left: bool, tmp_path: Path
) -> None:
    own = {key: value.format(folder=tmp_path) for key, value in variables.items()}
    plain = {key: value for key, value in os.environ.items() if not key.startswith("DRILLS_")}
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        **{"cwd": tmp_path, "env": {**plain, **own}, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE},
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        found = [line for line in _left_behind("INC-20261121-001", tmp_path) if line.startswith(f"{program.pid} ")]
        program.kill()
    assert bool(found) == left


def test_a_program_of_another_workspace_is_not_left_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        **{"env": {**os.environ, MARK: "a-mark"}, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE},
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        assert not [line for line in _left_behind("INC", tmp_path) if line.startswith(f"{program.pid} ")]
        program.kill()
