"""Compose files as teams have them: driven by the right name and files, or refused with file, line and reason."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from drills.sandbox.choice import SandboxLocation, selection_of
from drills.workspace.beginning import begin
from drills.workspace.config import WorkspaceConfig
from drills.workspace.models import load_model
from drills.workspace.validate import validate
from tests.wild.cases import Case, cases_of

#: `docker compose config` is the truth of a model; it needs no engine, but the command.
pytestmark = pytest.mark.engine

CASES = cases_of("compose-files")
BEGUN = [each for each in CASES if "probes" in each.values[0].right]


@pytest.fixture
def folder(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("COMPOSE_")]:
        monkeypatch.delenv(name)
    for name, value in case.given.get("environment", {}).items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / case.right.get("folder", "project")
    for name, text in case.given["files"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PWD", str(folder))
    return folder


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_driven_is_refused_with_file_line_and_reason(case: Case, folder: Path) -> None:
    # The included playbook asks for more probes than these workspaces have.
    told = [str(each) for each in validate(folder) if "no probe of this workspace supplies" not in each.wrong]
    expected = case.right.get("problems", [])
    assert len(told) == len(expected), told
    for line, beginning in zip(told, expected, strict=True):
        assert line.startswith(beginning)


@pytest.mark.parametrize("case", CASES)
def test_files_and_name_are_those_that_compose_itself_chooses(case: Case, folder: Path) -> None:
    asked = subprocess.run(["docker", "compose", "config", "--format", "json"], capture_output=True, text=True)
    config = load_model(folder / "drills.yaml", WorkspaceConfig).require().sandbox
    if asked.returncode != 0 or config.file is not None:
        pytest.skip("Compose refuses it, or is to read other files")
    found = selection_of(SandboxLocation(folder, declared=True))
    assert found.name == json.loads(asked.stdout)["name"] == case.right.get("name", found.name)
    assert [os.path.relpath(file, folder) for file in found.files] == case.right.get("files", ["compose.yaml"])


@pytest.mark.parametrize("case", BEGUN)
def test_a_first_workspace_of_it_is_valid(case: Case, folder: Path) -> None:
    (folder / "drills.yaml").unlink()
    for name, text in begin(folder).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    assert [str(each) for each in validate(folder) if not each.warning] == []
    written = (folder / "probes" / "services.yaml").read_text(encoding="utf-8")
    names = [line.removeprefix("- name: ").strip('"') for line in written.splitlines() if line.startswith("- name: ")]
    assert names == [str(name) for name in case.right["probes"]]
