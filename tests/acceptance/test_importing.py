"""Every acceptance program and benchmark can at least be started: what they import is still there."""

from __future__ import annotations

import importlib
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
