"""Two workspaces do not drill one compose project at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drills.errors import BadInput, SandboxBusy
from drills.sandbox.compose.project import Project
from drills.sandbox.compose.project_lock import exclusive

_HOLD = """
import sys
from pathlib import Path
from drills.sandbox.compose.project import Project
from drills.sandbox.compose.project_lock import exclusive
file = Path(sys.argv[1])
with exclusive(Project("x", file.parent, file, "unix:///x.sock")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_is_first_and_a_killed_first_lets_go(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {}", encoding="utf-8")
    project = Project("shop", tmp_path, file, "unix:///x.sock")
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(SandboxBusy, match=f"from another workspace: process {first.pid} in "), exclusive(project):
            pass
        first.kill()
    with exclusive(project):
        pass


def test_a_folder_that_is_gone_is_one_line_and_a_file_that_is_gone_is_no_hindrance(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    project = Project("shop", gone, gone / "compose.yaml", "unix:///x.sock")
    with pytest.raises(BadInput, match=r"gone: cannot be read \(No such file"), exclusive(project):
        pass
    gone.mkdir()
    with exclusive(project), pytest.raises(SandboxBusy), exclusive(project):
        pass
