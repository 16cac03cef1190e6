"""A drill that this kind of sandbox can never have."""

from __future__ import annotations

import asyncio
from pathlib import Path

from drills.clock import SystemClock
from drills.drill.conduct import conduct
from drills.drill.planning import plan_drill
from drills.model.events import ResponderKind
from drills.model.scorecard import DrillResult
from drills.sandbox.capabilities.capability import Capability
from drills.scoring.score import score
from drills.store.store import Store
from drills.workspace.workspace import Workspace
from tests.faults.paper_sandbox import PaperSandbox


class WithoutSql(PaperSandbox):
    capabilities = frozenset(Capability) - {Capability.SQL}

    def up(self) -> None:
        raise AssertionError("a drill that cannot be had brings nothing up")


def test_a_drill_whose_fault_the_sandbox_cannot_have_is_skipped_before_anything_is_started(tmp_path: Path) -> None:
    plan = plan_drill(Workspace.load(tmp_path), "slow-query", responder=ResponderKind.NONE)
    store = Store.open(f"sqlite:///{tmp_path / 'drills.db'}")
    try:
        recorder = asyncio.run(
            conduct(
                plan,
                sandbox=WithoutSql(),
                sandbox_name="default",
                folder=tmp_path,
                store=store,
                clock=SystemClock(),
            )
        )
        assert recorder.close(None, ()) == ""
        card = score(store.timeline(recorder.drill_id))
    finally:
        store.close()
    assert card.result is DrillResult.SKIPPED
    assert card.why_not == "the paper sandbox lacks sql, needed by drop-index"
