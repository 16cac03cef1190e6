from __future__ import annotations

import errno
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drills.errors import EnvironmentFailed
from drills.included import included_root
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
from drills.sandbox.state import FORMAT, ProcessRecord, SandboxState, StateStore, load, save

RECORD = ProcessRecord(service="cache", pid=12, create_time=1.5, port=20001)


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    kept = SandboxState(identity="abc", active=True, ports={"app": 20000}, processes=(RECORD,))
    save(path, kept)
    assert load(path) == kept
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_a_state_that_was_never_kept_is_inactive(tmp_path: Path) -> None:
    assert load(tmp_path / "state.json") is None
    assert not StateStore(tmp_path / "state.json", "abc").read().active


@pytest.mark.parametrize("text", ["", "{", "[]", '{"identity": 3}', '{"identity": "a", "surplus": 1}'])
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(EnvironmentFailed) as failed:
        load(path)
    assert str(failed.value).startswith(f"{path}: ")
    assert "\n" not in str(failed.value)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(SandboxState(identity="a", format=FORMAT + 1).model_dump_json())
    with pytest.raises(EnvironmentFailed, match="newer than this program's"):
        load(path)


def test_a_full_disk_is_told_and_leaves_the_former_state_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    save(path, SandboxState(identity="before"))

    def full(*_arguments: object, **_options: object) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(EnvironmentFailed, match="cannot be written: the disk is full"):
        save(path, SandboxState(identity="after"))
    kept = load(path)
    assert kept is not None
    assert kept.identity == "before"


def test_a_sandbox_with_an_unusable_state_file_can_still_be_taken_down(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("not json")
    sandbox = ShopSandbox(LocalDriver(tmp_path, included_root()))
    with pytest.raises(EnvironmentFailed, match=r"state\.json"):
        sandbox.is_up()
    sandbox.down()
    assert not sandbox.is_up()


def test_a_change_keeps_all_else(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state.json", "abc")
    store.change(replicas=5)
    store.change(deployed_at={"1.0.0": datetime(2026, 1, 1, tzinfo=UTC)})
    assert (store.read().replicas, store.read().identity) == (5, "abc")
