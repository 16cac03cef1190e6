"""The state of a workspace is its owner's alone, also one that an earlier version left open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.model.events import ResponderKind
from drills.sandbox.state import make_folder
from drills.store.holder import hold
from drills.store.store import Store


@pytest.fixture(autouse=True)
def _wide_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


def test_the_store_and_what_lies_beside_it_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "shared" / ".drills"
    store = Store.open(f"sqlite:///{state}/drills.db")
    store.begin_drill(scenario="x", sandbox="default", responder=ResponderKind.NONE)
    modes = {path.name: mode(path) for path in state.iterdir()}
    assert modes == {"drills.db": "600", "drills.db-wal": "600", "drills.db-shm": "600"}
    assert (mode(state), mode(tmp_path / "shared")) == ("700", "755")
    store.close()


def test_an_open_store_is_closed_when_it_is_opened_and_read_as_before(tmp_path: Path) -> None:
    state = tmp_path / ".drills"
    Store.open(f"sqlite:///{state}/drills.db").close()
    state.chmod(0o755)
    (state / "drills.db").chmod(0o644)
    store = Store.open(f"sqlite:///{state}/drills.db")
    assert store.drills() == []
    assert (mode(state), mode(state / "drills.db")) == ("700", "600")
    store.close()


def test_a_store_elsewhere_leaves_its_folder_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Store.open(f"sqlite:///{tmp_path}/kept.db").close()
    assert (mode(tmp_path), mode(tmp_path / "kept.db")) == ("755", "600")


def test_locks_and_the_sandbox_s_folder_close_the_state_folder(tmp_path: Path) -> None:
    state = tmp_path / ".drills"
    state.mkdir(mode=0o755)
    with hold(state, "default", "a test"):
        assert {mode(path) for path in state.iterdir()} == {"600"}
    state.chmod(0o755)
    make_folder(state / "sandbox" / "default")
    assert mode(state) == "700"
