"""After a runner was killed: the real sandbox is as before, its drill is stored as aborted, nothing is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from drills.drill.recovery import RecoveryReport, recover
from drills.errors import EnvironmentFailed
from drills.faults.kinds.drop_index import DropIndex
from drills.faults.restoring import RESTORE_SANDBOX, plan_of
from drills.faults.settling import settle_owed
from drills.included_shop.names import Service
from drills.included_shop.sandbox import ShopSandbox
from drills.model.events import (
    DrillAborted,
    DrillStarted,
    Event,
    ResponderKind,
    RunnerDied,
    UndoFailed,
    UndoSettled,
    UndoWritten,
)
from drills.model.scorecard import DrillResult
from drills.processes.start import started
from drills.reporting.report import reports_into
from drills.reporting.sections.debrief import undo_lines
from drills.sandbox.fingerprint import Fingerprint
from drills.store.journal import Journal
from drills.store.records import DrillRecord
from drills.store.runner import Runner
from drills.store.store import Store
from drills.store.undos import Undos
from tests.faults.paper_sandbox import PaperSandbox
from tests.scoring.timelines import Drill, rolled_back
from tests.scoring.timelines import drill as sample

pytestmark = pytest.mark.slow

PLAN = plan_of(PaperSandbox().fingerprint())
DEAD = Runner(pid=1, started=-1.0, boot_id=Runner.this().boot_id)


def interrupted(store: Store, runner: Runner = DEAD, *, speaks: bool = True) -> DrillRecord:
    """A drill whose runner died, after it had told something (or not even that)."""
    record = store.begin_drill(scenario="bad-deploy", sandbox="default", responder=ResponderKind.NONE, runner=runner)
    if speaks:
        events = [event.model_copy(update={"seq": -1}) for event in sample().baseline().timeline()]
        events[0] = events[0].model_copy(update={"drill_id": record.drill_id})
        store.append_many(record.drill_id, events)
    return record


_RUNNER = """
import os, signal, sys, threading
from pathlib import Path
from datetime import datetime, UTC
from drills.model.events import ResponderKind
from drills.model.scenario import FaultSpec
from drills.faults.injection import inject
from drills.faults.registry import fault_of
from drills.faults.restoring import owe_restore
from drills.included import included_root
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
from drills.store.journal import Journal
from drills.store.store import Store
url, folder, spec, moment = sys.argv[1:]
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
store, sandbox = Store.open(url), ShopSandbox(LocalDriver(Path(folder), included_root(), "faults"))
drill = store.begin_drill(scenario="any", sandbox="default", responder=ResponderKind.NONE)
owe_restore(Journal(store), sandbox, drill.drill_id)
def emit(make):
    event = store.append(drill.drill_id, make(t=drill.t(store.clock), at=datetime.now(UTC)))
    if event.kind == moment:
        die()
    if event.kind == "fault-applied" and moment.endswith("ms"):
        threading.Timer(int(moment[:-2]) / 1000, die).start()
inject(Journal(store), sandbox, drill.drill_id, 0, fault_of(FaultSpec.model_validate_json(spec)), emit)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("spec", "moment"),
    [
        ('{"kind": "drop-index", "index": "orders_customer_idx"}', "fault-verified"),
        ('{"kind": "deploy-release", "release": "1.2.0"}', "150ms"),
        ('{"kind": "hold-locks", "table": "orders"}', "120ms"),
        ('{"kind": "exhaust-connections"}', "fault-verified"),
    ],
)
def test_a_runner_killed_in_the_middle_of_a_fault_leaves_nothing_after_recovery(
    workspace: Path, store: Store, sandbox: ShopSandbox, sandbox_folder: Path, spec: str, moment: str
) -> None:
    before = sandbox.fingerprint()
    command = [sys.executable, "-c", _RUNNER, str(store.database.url), str(sandbox_folder), spec, moment]
    runner = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert runner.wait(60) == -signal.SIGKILL

    report = recover(store, sandbox, "default", workspace)

    assert report.owed == ()
    assert sandbox.fingerprint().differences(before) == ()
    (record,) = store.drills()
    assert report.aborted == (record.drill_id,)
    assert record.result is DrillResult.ABORTED
    timeline = store.timeline(record.drill_id)
    assert len(timeline.all(UndoWritten)) == 1
    assert len(timeline.all(DrillAborted)) == 1
    assert len(timeline.all(UndoSettled)) == 2
    assert recover(store, sandbox, "default", workspace) == RecoveryReport()


def test_an_interrupted_drill_is_aborted_at_its_last_event_and_scored_as_such(workspace: Path, store: Store) -> None:
    record = interrupted(store)
    last = store.timeline(record.drill_id).ended
    report = recover(store, PaperSandbox(), "default", workspace)
    aborted = store.timeline(record.drill_id).all(DrillAborted)
    assert [(event.t, event.reason) for event in aborted] == [(last, "the runner died")]
    assert store.drill(record.drill_id).result is DrillResult.ABORTED
    assert [card.result for card in store.scorecards()] == [DrillResult.ABORTED]
    assert report.lines() == (f"{record.drill_id} stored as aborted: its runner died",)
    assert recover(store, PaperSandbox(), "default", workspace) == RecoveryReport()


def test_a_drill_that_died_before_its_first_event_is_aborted_without_a_scorecard(workspace: Path, store: Store) -> None:
    record = interrupted(store, speaks=False)
    recover(store, PaperSandbox(), "default", workspace)
    assert store.drill(record.drill_id).result is DrillResult.ABORTED
    assert store.scorecards() == []


def test_a_recovery_that_was_itself_interrupted_is_finished_without_aborting_twice(
    workspace: Path, store: Store
) -> None:
    record = interrupted(store)
    store.append(record.drill_id, DrillAborted(t=20, at=record.started_at, reason="the runner died"))
    recover(store, PaperSandbox(), "default", workspace)
    assert len(store.timeline(record.drill_id).all(DrillAborted)) == 1
    assert store.drill(record.drill_id).result is DrillResult.ABORTED


def dead_drill(store: Store, made: Drill) -> tuple[DrillRecord, int]:
    """A drill that was told so far when its runner died, and the number of the one undo that it wrote down."""
    record = store.begin_drill(scenario="bad-deploy", sandbox="default", responder=ResponderKind.RUNBOOK, runner=DEAD)
    number = Journal(store).write(record.drill_id, "default", RESTORE_SANDBOX, "bring it back", PLAN)
    events: list[Event] = []
    for event in made.timeline():
        fields: dict[str, object] = {"seq": -1}
        if isinstance(event, DrillStarted):
            fields["drill_id"] = record.drill_id
        if isinstance(event, (UndoWritten, UndoSettled)):
            fields["journal_id"] = number
        events.append(event.model_copy(update=fields))
    store.append_many(record.drill_id, events)
    return record, number


def settled(store: Store, number: int) -> None:
    undos = Undos(store.clock.now, Journal(store).owed())
    undos.settle(number)
    store.settle(undos.all())


def without(made: Drill, *kinds: type[Event]) -> Drill:
    return Drill(tuple(event for event in made.events if not isinstance(event, kinds)), made.now)


def test_one_that_was_finished_in_all_but_the_report_is_scored_and_gets_it(workspace: Path, store: Store) -> None:
    record, number = dead_drill(store, rolled_back())
    settled(store, number)
    report = recover(store, PaperSandbox(), "default", workspace, reports_into(workspace))
    assert report.lines() == (f"{record.drill_id} stored as met: its runner died after it had undone everything",)
    assert store.drill(record.drill_id).result is DrillResult.MET
    timeline = store.timeline(record.drill_id)
    (died,) = timeline.all(RunnerDied)
    assert (died.undone, died.last_sign) == (True, max(e.at for e in rolled_back().events))
    assert timeline.all(DrillAborted) == ()
    page = (workspace / record.drill_id / "report.md").read_text()
    assert "The runner died, after it had undone everything" in page
    assert recover(store, PaperSandbox(), "default", workspace) == RecoveryReport()


def test_one_that_died_before_its_undos_is_never_met(workspace: Path, store: Store) -> None:
    record, number = dead_drill(store, without(rolled_back(), UndoSettled))
    report = recover(store, PaperSandbox(), "default", workspace, reports_into(workspace))
    assert report.aborted == (record.drill_id,)
    (card,) = store.scorecards()
    assert (card.result, card.score) == (DrillResult.ABORTED, None)
    assert card.why_not == "the runner died before it had undone everything"
    assert [line.state for line in undo_lines(store.timeline(record.drill_id))] == ["settled"]
    assert (workspace / record.drill_id / "index.html").is_file()
    assert Journal(store).of_drill(record.drill_id)[0].id == number


def test_an_undo_that_was_settled_before_it_was_told_is_told_by_the_recovery(workspace: Path, store: Store) -> None:
    record, number = dead_drill(store, without(rolled_back(), UndoSettled))
    settled(store, number)
    recover(store, PaperSandbox(), "default", workspace)
    assert [event.journal_id for event in store.timeline(record.drill_id).all(UndoSettled)] == [number]
    assert store.drill(record.drill_id).result is DrillResult.MET


def test_a_report_is_made_again_when_what_it_says_to_be_owed_is_undone(workspace: Path, store: Store) -> None:
    class Broken(PaperSandbox):
        def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
            raise EnvironmentFailed("the database does not answer")

    record, _ = dead_drill(store, without(rolled_back(), UndoSettled))
    pages = reports_into(workspace)
    assert len(recover(store, Broken(), "default", workspace, pages).owed) == 1
    page = workspace / record.drill_id / "report.md"
    assert "the database does not answer" in page.read_text()
    before = store.scorecards()
    assert recover(store, PaperSandbox(), "default", workspace, pages).owed == ()
    assert [line.state for line in undo_lines(store.timeline(record.drill_id))] == ["settled"]
    assert "settled" in page.read_text()
    assert store.scorecards() == before


@pytest.mark.parametrize("death", ["report", "keep"])
def test_a_recovery_that_dies_in_between_is_made_again(
    death: str, workspace: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Died

    record, _ = dead_drill(store, without(rolled_back(), UndoSettled))
    pages = reports_into(workspace)
    with monkeypatch.context() as dying:
        if death == "keep":
            dying.setattr(store, "keep", die)
        with pytest.raises(Died):
            recover(store, PaperSandbox(), "default", workspace, die if death == "report" else pages)
    assert store.drill(record.drill_id).result is DrillResult.RUNNING
    recover(store, PaperSandbox(), "default", workspace, pages)
    timeline = store.timeline(record.drill_id)
    assert (len(timeline.all(RunnerDied)), len(timeline.all(UndoSettled)), len(store.scorecards())) == (1, 1, 1)
    assert (workspace / record.drill_id / "index.html").is_file()


def test_a_report_that_cannot_be_written_is_said_and_keeps_nothing_owed(workspace: Path, store: Store) -> None:
    record, _ = dead_drill(store, without(rolled_back(), UndoSettled))
    (workspace / "reports").write_text("")
    report = recover(store, PaperSandbox(), "default", workspace, reports_into(workspace / "reports"))
    assert report.owed == ()
    assert report.lines()[-1].startswith(f"cannot write the report of {record.drill_id}")
    assert store.drill(record.drill_id).result is DrillResult.ABORTED


def test_a_drill_whose_runner_lives_or_that_is_on_another_sandbox_is_left_alone(workspace: Path, store: Store) -> None:
    alive, elsewhere = interrupted(store, Runner.this()), interrupted(store)
    report = recover(store, PaperSandbox(), "another", workspace)
    assert report == RecoveryReport()
    recover(store, PaperSandbox(), "default", workspace)
    assert store.drill(alive.drill_id).result is DrillResult.RUNNING
    assert store.drill(elsewhere.drill_id).result is DrillResult.ABORTED


@pytest.fixture
def sleepers() -> Iterator[list[psutil.Popen]]:
    started: list[psutil.Popen] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_a_drill_that_another_workspace_runs_on_a_sandbox_of_the_same_name_keeps_its_undos(
    workspace: Path, store: Store, sleepers: list[psutil.Popen]
) -> None:
    sleepers.append(psutil.Popen(["sleep", "600"]))
    pid = sleepers[0].pid
    theirs = interrupted(store, Runner(pid, started(pid) or 0.0, Runner.this().boot_id))
    dead, sandbox, journal = interrupted(store), PaperSandbox(), Journal(store)
    drop = DropIndex(index="orders_customer_idx")
    for record in (theirs, dead):
        journal.write(record.drill_id, "default", drop.kind, drop.summary(), drop.undo_plan(sandbox))
    drop.apply(sandbox)
    changed = list(sandbox.changed)

    with pytest.raises(EnvironmentFailed, match=rf"^{theirs.drill_id}: another workspace shares this store"):
        recover(store, sandbox, "default", workspace)

    assert sandbox.changed == changed
    assert len(journal.owed("default")) == 2
    assert store.drill(dead.drill_id).result is DrillResult.RUNNING
    sleepers[0].kill()
    sleepers[0].wait()
    assert recover(store, sandbox, "default", workspace).aborted == (theirs.drill_id, dead.drill_id)
    assert journal.owed("default") == []


def test_a_drill_of_another_boot_is_recovered_and_said_to_be_perhaps_another_machines(
    workspace: Path, store: Store
) -> None:
    elsewhere, here = interrupted(store, Runner(1, 1.0, "another boot")), interrupted(store)
    report = recover(store, PaperSandbox(), "default", workspace)
    assert report.lines() == (
        f"{elsewhere.drill_id} stored as aborted: it was begun before this machine was started again, "
        "or on another one, where it may still run",
        f"{here.drill_id} stored as aborted: its runner died",
    )


def test_what_cannot_be_undone_stays_owed_is_said_and_is_undone_by_a_later_recovery(
    workspace: Path, store: Store
) -> None:
    record, sandbox, journal = interrupted(store), PaperSandbox(), Journal(store)
    drop = DropIndex(index="orders_customer_idx")
    number = journal.write(record.drill_id, "default", drop.kind, drop.summary(), drop.undo_plan(sandbox))
    drop.apply(sandbox)
    sandbox.services.kill(Service.DATABASE)

    report = recover(store, sandbox, "default", workspace)
    assert report.owed == (f"#{number} drop index orders_customer_idx: database does not answer",)
    assert len(store.timeline(record.drill_id).all(UndoFailed)) == 1

    sandbox.services.start(Service.DATABASE)
    report = recover(store, sandbox, "default", workspace)
    assert report.lines() == (f"undo #{number} settled: drop index orders_customer_idx",)
    assert "orders_customer_idx" in sandbox.rows.indexes


@pytest.mark.parametrize("place", ["in the workspace", "elsewhere"])
def test_leftovers_of_the_dead_drill_are_ended_and_nothing_else(
    place: str, workspace: Path, tmp_path_factory: pytest.TempPathFactory, sleepers: list[psutil.Popen]
) -> None:
    folder = workspace / ".drills" if place == "in the workspace" else tmp_path_factory.mktemp("shared")
    store = Store.open(f"sqlite:///{folder}/drills.db")
    dead, alive = interrupted(store), interrupted(store, Runner.this())
    elsewhere = str(tmp_path_factory.mktemp("another-workspace"))

    def sleeper(**variables: str) -> psutil.Popen:
        program = [sys.executable, "-c", "print(flush=True); import time; time.sleep(600)"]
        process = psutil.Popen(program, env={**os.environ, **variables}, stdout=subprocess.PIPE)
        process.stdout.readline()
        sleepers.append(process)
        return process

    left = [sleeper(DRILLS_DRILL=dead.drill_id, DRILLS_WORKSPACE=str(workspace)) for _ in range(2)]
    left[1].suspend()
    others = [
        sleeper(DRILLS_DRILL=alive.drill_id, DRILLS_WORKSPACE=str(workspace)),
        sleeper(DRILLS_DRILL=dead.drill_id, DRILLS_WORKSPACE=elsewhere),
        sleeper(DRILLS_DRILL=dead.drill_id, DRILLS_WORKSPACE=str(workspace), DRILLS_SANDBOX="its own service"),
        sleeper(DRILLS_WORKSPACE=str(workspace)),
    ]
    report = recover(store, PaperSandbox(), "default", workspace)
    store.close()
    assert {ended.pid for ended in report.ended} == {process.pid for process in left}
    assert [process.wait(5) for process in left] == [-signal.SIGTERM, -signal.SIGTERM]
    assert [process.poll() for process in others] == [None] * 4


def test_an_undo_that_hangs_keeps_no_other_from_being_made(store: Store) -> None:
    record, forever, tries = interrupted(store), threading.Event(), 0
    journal = Journal(store)
    first = journal.write(record.drill_id, "default", RESTORE_SANDBOX, "bring it back", PLAN)
    hanging = journal.write(record.drill_id, "default", RESTORE_SANDBOX, "wait for a disk", PLAN)

    class Hanging(PaperSandbox):
        def restore(self, before: Fingerprint) -> tuple[str, ...]:
            nonlocal tries
            tries += 1
            if tries == 1:
                forever.wait()
            return ("the app",)

    undos = Undos(store.clock.now, journal.owed("default"))
    try:
        done = settle_owed(undos, Hanging(), within=0.2)
    finally:
        forever.set()
    assert [(row.journal_id, row.failed, row.changes) for row in done] == [
        (hanging, "it did not end within 200ms", ()),
        (first, "", ("the app",)),
    ]
    assert tries == 2, "what hangs is not tried again at once"
