"""A runbook answers an alert: what it executes, and what it leaves to people."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from drills.clock import SystemClock
from drills.drill.planning import plan_drill
from drills.drill.recorder import Recorder
from drills.drill.responding import answer_with_runbook
from drills.included import included_root
from drills.model.events import RunbookFinished, RunbookStarted, StepFinished
from drills.model.responder_kind import ResponderKind
from drills.responders.runbook import Surroundings
from drills.responders.runbook_file import parse_runbook
from drills.store.store import Store
from drills.workspace.workspace import Workspace

RUNBOOK = """\
```sh {"name":"check","read-only":true}
true
```
```sh {"name":"check-closer","read-only":true,"excludeFromRunAll":true}
touch closer
```
```sh {"name":"repair"}
touch repaired
```
```sh {"name":"last-resort","excludeFromRunAll":true}
touch gone
```
"""


def test_optional_steps_are_neither_executed_in_a_drill_nor_announced(tmp_path: Path) -> None:
    clock = SystemClock()
    store = Store.open(f"sqlite:///{tmp_path}/drills.db", clock=clock)
    record = store.begin_drill(scenario="database-failure", sandbox="default", responder=ResponderKind.RUNBOOK)
    recorder = Recorder(store, record, clock, None)
    plan = plan_drill(Workspace.load(included_root()), "database-failure")
    plan = replace(plan, blocks=parse_runbook(RUNBOOK).blocks)
    folder = tmp_path / "workspace"
    folder.mkdir()

    async def answered() -> None:
        alerted = asyncio.Event()
        alerted.set()
        await answer_with_runbook(plan, recorder, Surroundings(folder, dict(os.environ)), alerted, clock)

    asyncio.run(answered())
    assert recorder.close(None, ()) == ""
    timeline = store.timeline(record.drill_id)
    assert [event.steps for event in timeline.all(RunbookStarted)] == [("check", "repair")]
    assert [event.step for event in timeline.all(StepFinished)] == ["check", "repair"]
    assert [event.ok for event in timeline.all(RunbookFinished)] == [True]
    assert [path.name for path in folder.iterdir()] == ["repaired"]
    store.close()
