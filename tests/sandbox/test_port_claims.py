"""A port belongs to one sandbox at a time, from its choice until that sandbox is down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drills.sandbox.port_claims import claim
from drills.sandbox.state import StateStore

PORT = 20_500


@pytest.fixture(autouse=True)
def claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Claims of these tests only."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"drills-ports-{os.getuid()}" / str(PORT)


def a_minute_ago(claimed: Path) -> None:
    long_before = claimed.stat().st_mtime - 61
    os.utime(claimed, (long_before, long_before))


def test_a_port_that_was_just_chosen_is_nobody_elses(tmp_path: Path) -> None:
    assert claim(PORT, tmp_path / "one.json")
    assert not claim(PORT, tmp_path / "another.json")
    assert claim(PORT + 1, tmp_path / "another.json")
    assert claim(PORT, tmp_path / "one.json"), "it may choose it again"


def test_a_sandbox_that_is_up_keeps_its_ports_while_their_services_are_down(tmp_path: Path, claims: Path) -> None:
    store = StateStore(tmp_path / "one.json", "one")
    assert claim(PORT, store.path)
    store.change(active=True, ports={"cache": PORT})
    a_minute_ago(claims)
    assert not claim(PORT, tmp_path / "another.json")
    store.change(active=False)
    assert claim(PORT, tmp_path / "another.json")


def test_a_sandbox_that_never_came_up_or_uses_other_ports_keeps_none(tmp_path: Path, claims: Path) -> None:
    store = StateStore(tmp_path / "one.json", "one")
    for holder in (tmp_path / "never.json", store.path):
        assert claim(PORT, holder)
        a_minute_ago(claims)
        store.change(active=True, ports={"cache": PORT + 1})
        assert claim(PORT, tmp_path / "another.json")
        a_minute_ago(claims)


def test_where_claims_cannot_be_written_ports_are_anybodys(tmp_path: Path, claims: Path) -> None:
    claims.parent.write_text("no folder")
    assert claim(PORT, tmp_path / "one.json")
    assert claim(PORT, tmp_path / "another.json")
