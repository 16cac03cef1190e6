"""A disk that fills up in the middle of a drill: everything is undone all the same."""

from __future__ import annotations

import asyncio
import errno
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drills.clock import SystemClock
from drills.drill import session, stopping
from drills.drill.planning import plan_drill
from drills.drill.recovery import recover
from drills.drill.session import Session
from drills.errors import EnvironmentFailed, ExitCode, UndoOwed
from drills.faults.restoring import RESTORE_SANDBOX, plan_of
from drills.model.events import ResponderKind
from drills.sandbox.fingerprint import Fingerprint
from drills.store.journal import Journal
from drills.store.store import Store
from drills.workspace.workspace import Workspace
from tests.faults.paper_sandbox import PaperSandbox
from tests.store.drill_data import begin

PLAN = plan_of(Fingerprint({}))


class Restored:
    """Counts how often it was brought back."""

    def __init__(self) -> None:
        self.count = 0

    def restore(self, _: Fingerprint) -> tuple[str, ...]:
        self.count += 1
        return ()


def test_every_undo_is_made_though_none_can_be_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/drills.db")
    record = begin(store)
    journal, sandbox = Journal(store), Restored()
    for number in range(2):
        journal.write(record.drill_id, record.sandbox, RESTORE_SANDBOX, f"bring it back {number}", PLAN)

    def full(*_: object, **__: object) -> None:
        raise EnvironmentFailed("the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(store.database, "write", full)
        report = recover(store, sandbox, record.sandbox, tmp_path)  # type: ignore[arg-type]
    assert sandbox.count >= 2
    assert report.owed == tuple(
        f"#{n} bring it back {n - 1}: undone, but not written down: the disk is full" for n in (2, 1)
    )
    assert report.settled == ()
    assert len(journal.owed(record.sandbox)) == 2, "owed still, and made again without harm"
    assert recover(store, sandbox, record.sandbox, tmp_path).owed == ()  # type: ignore[arg-type]
    store.close()


def conduct(folder: Path, store: Store, sandbox: PaperSandbox, monkeypatch: pytest.MonkeyPatch) -> Session:
    workspace = Workspace.load(folder)
    plan = plan_drill(workspace, "slow-query", responder=ResponderKind.NONE)
    plan = replace(plan, store_patience=timedelta(seconds=0.2))
    monkeypatch.setattr(session, "open_sandbox", lambda _: sandbox)
    return asyncio.run(session.hold_session(workspace, plan, store, clock=SystemClock()))


@pytest.mark.parametrize("place", [".drills", "reports"])
def test_a_drill_whose_disk_fills_up_undoes_everything_and_is_kept_in_a_file(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/drills.db")
    restored: list[Fingerprint] = []

    def full() -> None:
        raise EnvironmentFailed("the disk is full")

    class Filling(PaperSandbox):
        @property
        def addresses(self) -> Mapping[str, str]:
            """Asked for as soon as the drill owes the sandbox's state."""
            filling.setattr(store.database, "write", full)
            if place == "reports":
                # Nothing but the second place will do.
                filling.setattr(tempfile, "mkstemp", lambda **to: _refused(to) if to["dir"] == state else made(**to))
            raise EnvironmentFailed("the app does not answer")

        def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
            restored.append(fingerprint)
            return super().restore(fingerprint)

    made, state = tempfile.mkstemp, tmp_path / ".drills"
    with monkeypatch.context() as filling:
        held = conduct(tmp_path, store, Filling(), monkeypatch)
    assert (len(restored), held.owed, session.exit_code(held)) == (1, (), ExitCode.NOT_VALID)
    (kept,) = (tmp_path / place).glob("*.unstored.json")
    assert held.unstored == (
        f"{held.record.drill_id}: the store could not be written (the disk is full); the drill is kept in {kept}, "
        "and `drills recover` or the next drill stores it"
    )
    assert len(Journal(store).owed()) == 1, "as far as the store knows"

    workspace = Workspace.load(tmp_path)
    monkeypatch.setattr(stopping, "open_sandbox", lambda _, **__: Filling())
    report = stopping.recover_sandbox(workspace, store)
    assert report.lines() == (f"{held.record.drill_id} stored, which was kept in a file",)
    assert Journal(store).owed() == []
    assert len(restored) == 1, "what was undone is not undone again"
    assert [event.kind for event in store.timeline(held.record.drill_id)] == [e.kind for e in held.timeline]
    assert [card.result for card in store.scorecards()] == [held.scorecard.result]
    assert not kept.exists()
    assert stopping.recover_sandbox(workspace, store).lines() == ()
    store.close()


def _refused(_: object) -> tuple[int, str]:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_report_that_cannot_be_written_does_not_hide_what_is_owed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(PaperSandbox):
        @property
        def addresses(self) -> Mapping[str, str]:
            raise EnvironmentFailed("the app does not answer")

        def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
            raise EnvironmentFailed("the database does not answer")

    (tmp_path / "reports").write_text("", encoding="utf-8")
    store = Store.open(f"sqlite:///{tmp_path}/drills.db")
    with pytest.raises(UndoOwed, match=r"a file is in the way of the folder.*; still owed: #1 bring"):
        conduct(tmp_path, store, Broken(), monkeypatch)
    store.close()
