"""A runner that dies while its drill ends, after any of its steps: a recovery tells, settles, scores and reports."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from drills.clock import SystemClock
from drills.drill import session, stopping
from drills.drill.recorder import Recorder
from drills.faults.restoring import owe_restore
from drills.faults.settling import settle_owed
from drills.model.events import DrillEnded, Event, ResponderKind, RunnerDied, TrafficEnded, UndoSettled, UndoWritten
from drills.model.scorecard import DrillResult
from drills.reporting.report import write_report
from drills.reporting.sections.debrief import undo_lines
from drills.store.journal import Journal
from drills.store.records import DrillRecord
from drills.store.store import Store
from drills.workspace.workspace import Workspace
from tests.faults.paper_sandbox import PaperSandbox
from tests.scoring.timelines import rolled_back

DIED = 9


def end_a_drill(workspace: Workspace, die: Callable[[str], None]) -> None:
    """What a runner does from the drill's end on; `die` is told after each of its steps."""
    store, clock, sandbox = Store.open(workspace.store_url), SystemClock(), PaperSandbox()
    made = rolled_back().events

    def first(record: DrillRecord) -> Event:
        return made[0].model_copy(update={"drill_id": record.drill_id, "seq": -1})

    name = workspace.config.sandbox.name
    record = store.begin_drill(scenario="bad-deploy", sandbox=name, responder=ResponderKind.RUNBOOK, first=first)
    recorder = Recorder(store, record, clock, None, known=[first(record).model_copy(update={"seq": 0})])
    undo = {"journal_id": owe_restore(recorder, sandbox, record.drill_id).journal_id}
    told = [event.model_copy(update=undo) if isinstance(event, UndoWritten) else event for event in made[1:]]
    ending = [event for event in told if isinstance(event, DrillEnded | TrafficEnded)]
    recorder.emit(*(event for event in told if not isinstance(event, DrillEnded | TrafficEnded | UndoSettled)))
    recorder.flush()

    die("before the end")
    recorder.emit(*ending)
    recorder.flush()
    die("ended")
    settlements = settle_owed(recorder.undos, sandbox)
    die("undone")
    recorder.emit(*(each.event(t=ending[-1].t + 1, at=clock.now()) for each in settlements))
    recorder.flush()
    die("settled")

    def reporting(*arguments: Any) -> Path:
        page = write_report(*arguments)
        die("reported")
        return page

    session.write_report = reporting  # This process is a child of the tests' and ends here.
    session.conclude(workspace, store, recorder, False)
    die("stored")


@pytest.mark.parametrize(
    ("step", "result"),
    [
        ("before the end", DrillResult.ABORTED),
        ("ended", DrillResult.ABORTED),
        ("undone", DrillResult.ABORTED),
        ("settled", DrillResult.MET),
        ("reported", DrillResult.MET),
        ("stored", DrillResult.MET),
    ],
)
def test_whenever_the_runner_dies_its_drill_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, result: DrillResult
) -> None:
    workspace = Workspace.load(tmp_path)
    child = os.fork()
    if child == 0:
        try:
            end_a_drill(workspace, lambda now: os._exit(DIED) if now == step else None)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == DIED
    monkeypatch.setattr(stopping, "open_sandbox", lambda _, **__: PaperSandbox())
    with closing(Store.open(workspace.store_url)) as store:
        stopping.recover_sandbox(workspace, store)
        assert stopping.recover_sandbox(workspace, store).lines() == (), "once is enough"
        (record,) = store.drills()
        timeline = store.timeline(record.drill_id)
        assert [card.result for card in store.scorecards()] == [record.result] == [result]
        assert [line.state for line in undo_lines(timeline)] == ["settled"]
        died = timeline.all(RunnerDied)
        assert [event.undone for event in died] == ([] if step == "stored" else [result is DrillResult.MET])
        assert Journal(store).owed() == []
    page = (workspace.reports_dir / record.drill_id / "report.md").read_text(encoding="utf-8")
    assert ("The runner died" in page) == (step != "stored")
