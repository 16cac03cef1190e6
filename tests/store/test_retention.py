"""What probes saw is kept as long as the workspace wants, and no longer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from drills.model.probe import Observation, Outcome
from drills.store import retention
from drills.store.store import Store
from tests.fakes import FakeClock


def test_only_what_is_old_is_forgotten_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_PORTION", 3)
    clock = FakeClock()
    store = Store.open(f"sqlite:///{tmp_path / 'drills.db'}", clock=clock)
    for day in range(10):
        store.observe(Observation("home", clock.now() - timedelta(days=day), float(day), Outcome.PASS))
    assert store.flush()
    assert retention.forget_observations(store, clock.now() - timedelta(days=4)) == 5
    assert [observation.started for observation in store.observations("home")] == [4.0, 3.0, 2.0, 1.0, 0.0]
    store.close()
