"""The project that was drilled last is known as long as its folder is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.errors import EnvironmentFailed
from drills.sandbox.compose.drilled_project import remember, remembered
from drills.sandbox.compose.project import Project


def test_it_is_remembered_with_all_its_files_until_its_folder_is_gone(tmp_path: Path) -> None:
    own, state = tmp_path / "own", tmp_path / "state"
    own.mkdir()
    project = Project("shop", own, own / "compose.yaml", "unix:///run/docker.sock", (own / "more.yaml",))
    assert remembered(state) is None
    remember(project, state)
    assert remembered(state) == project
    other = Project("other", own, own / "compose.yaml", "unix:///run/docker.sock")
    remember(other, state)
    assert remembered(state) == other
    own.rmdir()
    assert remembered(state) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"name": "x", "folder": "/", "host": "y", "files": []}', '{"files": 1}']
)
def test_a_file_that_cannot_be_used_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "project.json").write_text(text, encoding="utf-8")
    assert remembered(tmp_path) is None


def test_where_it_cannot_be_kept_the_drill_does_not_begin(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    with pytest.raises(EnvironmentFailed, match=r"project\.json: cannot be written"):
        remember(Project("shop", tmp_path, tmp_path / "compose.yaml", ""), tmp_path / "state")
