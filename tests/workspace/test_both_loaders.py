"""The included YAML means the same to PyYAML built with libyaml and to PyYAML in pure Python."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from drills.workspace import yaml_lines

ROOT = Path(__file__).parents[2]
WRITTEN = ("playbooks", "scenarios", "probes", "examples")
FILES = sorted(
    path.relative_to(ROOT)
    for path in [
        ROOT / "drills.yaml",
        ROOT / "docker-compose.yml",
        *(path for folder in WRITTEN for kind in ("*.yaml", "*.yml") for path in (ROOT / folder).rglob(kind)),
    ]
)


def read_with(loader: type, path: Path, monkeypatch: pytest.MonkeyPatch) -> yaml_lines.Document:
    monkeypatch.setattr(yaml_lines, "_Loader", loader)
    return yaml_lines.read_document(ROOT / path)


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="this PyYAML has no libyaml")
@pytest.mark.parametrize("path", FILES, ids=str)
def test_both_loaders_read_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_libyaml = read_with(yaml.CSafeLoader, path, monkeypatch)
    in_python = read_with(yaml.SafeLoader, path, monkeypatch)
    assert in_python.problems == ()
    assert in_python.data == with_libyaml.data
    assert list(in_python.yaml_paths(4)) == list(with_libyaml.yaml_paths(4))


def test_a_scalar_that_only_libyaml_reads_would_be_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slip = tmp_path / "slip.yaml"
    slip.write_text("steps: [{step: What changed?, by: 1m}]\n", encoding="utf-8")
    monkeypatch.setattr(yaml_lines, "_Loader", yaml.SafeLoader)
    assert yaml_lines.read_document(slip).problems


def test_every_yaml_file_of_these_folders_is_among_them() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.yaml", "*.yml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    tracked = [name for name in listed.stdout.split() if name.split("/")[0] in WRITTEN]
    assert set(tracked) <= {str(path) for path in FILES}
