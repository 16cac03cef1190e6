"""Every acceptance program and benchmark can at least be started: what they import is still there."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", sorted((ROOT / "acceptance").glob("*.py")), ids=lambda path: path.stem)
def test_an_acceptance_program_can_be_imported(path: Path) -> None:
    importlib.import_module(f"acceptance.{path.stem}")


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_can_be_imported(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # They are run as scripts, and find each other in their own folder.
    monkeypatch.syspath_prepend(str(path.parent))
    importlib.import_module(path.stem)


CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"python -c '([^']+)'", CI))
def test_what_ci_asks_of_the_code_is_answered(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) > 1


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m (acceptance\.\w+)", CI))))
def test_what_ci_runs_is_there(module: str) -> None:
    assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
