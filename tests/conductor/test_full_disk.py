"""A disk that fills up in the middle of a drill: everything is undone all the same."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from drills.errors import EnvironmentFailed
from drills.faults.restoring import RESTORE_SANDBOX, plan_of
from drills.faults.settling import settle_owed
from drills.sandbox.protocol import Fingerprint
from drills.store.journal import Journal
from drills.store.store import Store
from tests.store.drill_data import begin

PLAN = plan_of(Fingerprint(**{field.name: {} for field in fields(Fingerprint)}))


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

    def full(*_: object) -> None:
        raise EnvironmentFailed("the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(journal, "settle", full)
        settled = settle_owed(journal, sandbox, record.drill_id)  # type: ignore[arg-type]
    assert sandbox.count >= 2
    assert [row.failed for row in settled] == ["undone, but not written down: the disk is full"] * 2
    assert len(journal.owed(record.sandbox)) == 2, "owed still, and made again without harm"
    assert [row.failed for row in settle_owed(journal, sandbox, record.drill_id)] == ["", ""]  # type: ignore[arg-type]
    store.close()
