"""The heartbeat probe, and the beats that it reads."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.model.probe import Outcome
from drills.probing.engine.beats import beat, last_beat
from tests.probing.checking import Checked, KeptSandbox, run_probe


def check(state: Path, within: str = "1h", asserts: list[str] | None = None) -> Checked:
    settings = {"name": "nightly-backup", "within": within}
    return asyncio.run(run_probe("heartbeat", settings, sandbox=KeptSandbox(state), asserts=asserts or []))


def beats_folder(state: Path) -> Path:
    return KeptSandbox(state).heartbeats


def ago(**duration: float) -> datetime:
    return datetime.now(UTC) - timedelta(**duration)


def test_a_beat_in_time_passes(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup")
    assert check(state, asserts=["age < 600.0"]).outcome is Outcome.PASS
    beat(beats_folder(state), "nightly-backup", at=ago(minutes=30))
    checked = check(state, asserts=["age < 600.0"])
    assert checked.outcome is Outcome.FAIL
    assert checked.reason.startswith("age 180")


def test_a_late_beat_fails_and_says_how_late(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup", at=ago(hours=3))
    checked = check(state)
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "nightly-backup last reported 3 h 00 m ago, over 1h")


def test_what_has_never_reported_fails_and_says_how_it_would(tmp_path: Path) -> None:
    checked = check(tmp_path / "state.json")
    assert checked.reason == "nightly-backup has never reported (`drills heartbeat nightly-backup` does)"


def test_a_beat_from_the_future_counts_as_just_made(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup", at=ago(hours=-3))
    assert check(state, asserts=["age == 0.0"]).outcome is Outcome.PASS


def test_a_beat_that_cannot_be_read_leaves_the_probe_without_an_answer(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup")
    (beats_folder(state) / "nightly-backup").write_text("yesterday")
    checked = check(state)
    assert checked.outcome is Outcome.UNKNOWN
    assert "contains no time" in checked.reason


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


def test_a_beat_from_far_in_the_future_proves_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    beat(beats_folder(state), "nightly-backup", at=ago(days=-400))
    checked = check(state)
    assert checked.outcome is Outcome.UNKNOWN
    assert checked.reason == "the last beat of nightly-backup lies 400 d 0 h in the future; send another"


def test_what_is_no_file_of_a_beat_is_unknown_at_once(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    path = beats_folder(state) / "nightly-backup"
    path.parent.mkdir()

    def becomes(made: Callable[[Path], object]) -> str:
        made(path)
        checked = check(state)
        assert checked.outcome is Outcome.UNKNOWN
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        return checked.reason.removeprefix(f"{path}: ")

    anew = "; delete it, and the next beat writes it again"
    assert becomes(os.mkfifo) == f"is a named pipe, not a file{anew}"
    assert becomes(Path.mkdir) == f"is a folder, not a file{anew}"
    assert becomes(lambda link: link.symlink_to("/dev/zero")) == f"is a device, not a file{anew}"
    assert becomes(lambda link: link.symlink_to(link)) == f"cannot be read (Too many levels of symbolic links){anew}"
    assert becomes(lambda file: file.write_bytes(b"\xff" * 10)) == f"contains no time{anew}"
    long = b"2026-11-21T14:00:00+00:00" + b"\n" * 10_000_000
    assert becomes(lambda file: file.write_bytes(long)) == f"has 10,000,025 bytes; at most 100 are read{anew}"


def test_a_disk_that_hangs_keeps_one_thread_waiting_and_no_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang, begun = threading.Event(), []

    def hanging(folder: Path, name: str) -> None:
        begun.append(name)
        hang.wait()

    monkeypatch.setattr("drills.probing.kinds.heartbeat.probe.last_beat", hanging)
    settings = {"name": "nightly-backup", "within": "1h"}
    sandbox = KeptSandbox(tmp_path / "state.json")
    try:
        checked = asyncio.run(run_probe("heartbeat", settings, times=3, timeout="50ms", sandbox=sandbox))
    finally:
        hang.set()
    assert (checked.outcome, checked.reason) == (Outcome.UNKNOWN, "the disk did not answer within 50ms")
    assert begun == ["nightly-backup"]
