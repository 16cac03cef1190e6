"""The wheel: it carries all that `drills` needs without a checkout, and works from it in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` does, from what lies in the checkout now."""
    folder = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index"),
            *("--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("drills-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's files, to be found before the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DRILLS_")}
    environment |= {"PYTHONPATH": str(installed), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_carries_every_file_of_the_included_workspace(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = [ROOT / "drills.yaml"]
    for folder in ("scenarios", "probes", "playbooks", "shop"):
        wanted += [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    missing = [path for path in wanted if f"drills/included/{path.relative_to(ROOT).as_posix()}" not in inside]
    assert not missing


def test_the_wheel_carries_every_file_of_the_package(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = [path for path in (ROOT / "drills").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    missing = [path for path in wanted if path.relative_to(ROOT).as_posix() not in inside]
    assert not missing
    assert "drills/py.typed" in inside
    assert any(name.startswith("drills/store/migrations/versions/0001") for name in inside)
    assert "drills/reporting/templates/report.html.j2" in inside


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("/METADATA"))).decode()
    assert not [name for name in names if not name.startswith(("drills/", "drills-"))]
    assert not [name for name in names if "__pycache__" in name or ".drills" in name]
    assert any(name.endswith("/LICENSE") for name in names)
    assert "License-Expression: Apache-2.0" in metadata


def test_in_an_empty_folder_the_included_drills_are_listed(installed: Path, tmp_path: Path) -> None:
    where = run(installed, tmp_path, "-c", "import drills; print(drills.__file__)").stdout
    assert where.startswith(str(installed)), "the checkout was found before the wheel"
    listed = run(installed, tmp_path, "-m", "drills", "list")
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[0] for line in listed.stdout.splitlines()] == sorted(
        path.parent.name for path in ROOT.glob("scenarios/*/scenario.yaml")
    )
    assert not any(tmp_path.iterdir()), "checking leaves nothing behind"


def test_in_an_empty_folder_a_drill_can_be_shown_and_planned(installed: Path, tmp_path: Path) -> None:
    shown = run(installed, tmp_path, "-m", "drills", "show", "database-failure")
    assert shown.returncode == 0, shown.stderr
    assert "database-failure" in shown.stdout
    planned = run(installed, tmp_path, "-m", "drills", "run", "slow-query", "--dry-run", "--spoil")
    assert planned.returncode == 0, planned.stderr
    assert "drop index orders_customer_idx" in planned.stdout


def test_an_empty_folder_is_said_to_be_no_workspace(installed: Path, tmp_path: Path) -> None:
    checked = run(installed, tmp_path, "-m", "drills", "validate")
    assert checked.returncode == 2
    assert "no drills.yaml here or above" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_the_machine_can_be_examined_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    examined = run(installed, tmp_path, "-m", "drills", "doctor")
    assert "Traceback" not in examined.stderr
    assert "PostgreSQL" in examined.stdout
