"""The heartbeat probe, and the beats that it reads."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drills.core.probe import Outcome
from drills.errors import BadInput, EnvironmentFailed
from drills.probing.beats import beat, beats_folder, last_beat
from tests.probing.looking import Looked, look_at


def look(state: Path, within: str = "1h", asserts: list[str] | None = None) -> Looked:
    settings = {"name": "nightly-backup", "within": within, "state": str(state)}
    return asyncio.run(look_at("heartbeat", settings, asserts=asserts or []))


def ago(**duration: float) -> datetime:
    return datetime.now(UTC) - timedelta(**duration)


def test_a_beat_in_time_passes(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup")
    assert look(state, asserts=["age < 600.0"]).outcome is Outcome.PASS
    beat(beats_folder(state), "nightly-backup", at=ago(minutes=30))
    looked = look(state, asserts=["age < 600.0"])
    assert looked.outcome is Outcome.FAIL
    assert looked.reason.startswith("age 180")


def test_a_late_beat_fails_and_says_how_late(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup", at=ago(hours=3))
    looked = look(state)
    assert (looked.outcome, looked.reason) == (Outcome.FAIL, "nightly-backup last reported 3 hours ago, over 1h")


def test_what_has_never_reported_fails_and_says_how_it_would(tmp_path: Path) -> None:
    looked = look(tmp_path / "state.json")
    assert looked.reason == "nightly-backup has never reported (`drills heartbeat nightly-backup` does)"


def test_a_beat_from_the_future_counts_as_just_made(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup", at=ago(hours=-3))
    assert look(state, asserts=["age == 0.0"]).outcome is Outcome.PASS


def test_a_beat_that_cannot_be_read_leaves_the_probe_without_an_answer(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup")
    (beats_folder(state) / "nightly-backup").write_text("yesterday")
    looked = look(state)
    assert looked.outcome is Outcome.UNKNOWN
    assert "holds no time" in looked.reason


def test_beats_of_different_names_do_not_mix_and_the_last_one_counts(tmp_path: Path) -> None:
    assert last_beat(tmp_path, "one") is None
    first = beat(tmp_path / "beats", "one", at=ago(minutes=1))
    assert last_beat(tmp_path / "beats", "one") == first
    second = beat(tmp_path / "beats", "one")
    assert last_beat(tmp_path / "beats", "one") == second
    assert last_beat(tmp_path / "beats", "two") is None
    assert [path.name for path in (tmp_path / "beats").iterdir()] == ["one"]


def test_a_name_that_is_a_path_is_refused(tmp_path: Path) -> None:
    for name in ("../state.json", "a/b", "", ".beat-x"):
        with pytest.raises(BadInput, match="not a name of a heartbeat"):
            beat(tmp_path, name)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailed, match="cannot be written"):
        beat(tmp_path / "file", "one")
