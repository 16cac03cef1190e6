"""A drill's course where it does not come to drilling."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from drills.clock import SystemClock
from drills.drill.conduct import conduct
from drills.drill.planning import plan_drill
from drills.drill.recorder import Recorder
from drills.errors import BadInput
from drills.model.events import EnvironmentLost, ResponderKind, UndoSettled
from drills.store.store import Store
from drills.workspace.workspace import Workspace
from tests.faults.paper_sandbox import PaperSandbox


class Addressed(PaperSandbox):
    @property
    def addresses(self) -> Mapping[str, str]:
        return {"app": "http://127.0.0.1:9", "edge": "http://127.0.0.1:9", "ca": "", "dns": ""}


def test_traffic_that_does_not_start_is_told_once_and_mended(tmp_path: Path) -> None:
    plan = plan_drill(Workspace.load(tmp_path), "slow-query", responder=ResponderKind.NONE)
    plan = replace(plan, probes=(), locustfile=tmp_path / "gone.py")
    store = Store.open(f"sqlite:///{tmp_path / 'drills.db'}")
    begun: list[Recorder] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(BadInput, match=r"gone\.py: no such file"):
            asyncio.run(
                conduct(
                    plan,
                    sandbox=Addressed(),
                    sandbox_name="default",
                    folder=tmp_path,
                    store=store,
                    clock=SystemClock(),
                    announce=begun.append,
                )
            )
        gc.collect()
    (told,) = begun
    assert told.close(None, ()) == ""
    timeline = store.timeline(store.drills()[0].drill_id)
    store.close()
    assert [str(warning.message) for warning in warned] == []
    assert len(timeline.all(EnvironmentLost)) == len(timeline.all(UndoSettled)) == 1
