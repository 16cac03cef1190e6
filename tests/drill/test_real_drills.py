"""Real drills on a real sandbox, each with one or two facts that only a whole drill can prove."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from drills.drill.session import exit_code
from drills.errors import ExitCode
from drills.model.events import (
    ActionTaken,
    AlertFired,
    AlertResolved,
    DrillAborted,
    FaultApplied,
    ResponderKind,
    RunbookFinished,
    StepFinished,
    UndoSettled,
    UndoWritten,
)
from drills.model.scorecard import DrillResult, Recovery
from drills.store.records import DrillRecord
from tests.drill.bench import Bench, end, run, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_runbook_that_repairs_meets_the_limits_and_everything_is_as_before(bench: Bench) -> None:
    done = bench.drills("run", "gone", "--junit", "result.xml")
    assert done.returncode == ExitCode.ALL_MET, done.stdout + done.stderr
    (record,) = [record for record in bench.store.drills() if record.scenario == "gone"][-1:]
    card, timeline = bench.card(record), bench.timeline(record)
    assert (card.result, card.recovery) == (DrillResult.MET, Recovery.FULL)
    assert {undo.journal_id for undo in timeline.all(UndoWritten)} == {
        undo.journal_id for undo in timeline.all(UndoSettled)
    }
    undo, fault = timeline.first(UndoWritten), timeline.first(FaultApplied)
    assert undo is not None
    assert fault is not None
    assert undo.seq < fault.seq
    folder = bench.folder / "reports" / record.drill_id
    assert {path.name for path in folder.iterdir()} == {"index.html", "report.md", "report.json"}
    assert f"Report: reports/{record.drill_id}/index.html" in done.stdout
    assert "hunter22" not in json.dumps([event.output for event in timeline.all(StepFinished)])
    assert 'failures="0"' in (bench.folder / "result.xml").read_text(encoding="utf-8")
    bench.assert_mended(record)


def test_an_unanswered_drill_is_never_mitigated(bench: Bench) -> None:
    session = bench.conduct("soon-over", ResponderKind.NONE)
    assert exit_code(session) == ExitCode.LIMIT_MISSED
    assert session.scorecard.recovery is Recovery.NONE
    assert bench.state() == bench.pristine


def test_cheap_recoveries_earn_nothing(bench: Bench) -> None:
    """The health endpoint answers while orders fail; then there is no app at all, and so no errors of it."""
    session = bench.conduct("soon-over", ResponderKind.RUNBOOK)
    steps = {step.step: step for step in session.timeline.all(StepFinished)}
    assert all(step.ok for step in steps.values())
    assert "scale-to-zero" in steps
    assert session.timeline.first(RunbookFinished) is not None
    assert exit_code(session) == ExitCode.LIMIT_MISSED
    assert session.scorecard.recovery is Recovery.NONE
    bench.assert_mended(session.record)


def copied(bench: Bench, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a copy of the workspace: what a curious responder may try."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(bench.folder, copy, ignore=lambda *_: [".drills"])
        return run(copy, *words)


def processes_of(bench: Bench) -> list[str]:
    """Arguments and environment of all processes that have to do with the workspace, as a responder may read them."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            told = "\n".join([*process.cmdline(), *(f"{key}={value}" for key, value in process.environ().items())])
            if str(bench.folder) in told:
                found.append(told)
    assert found, "the drill itself is one"
    return found


def test_a_person_goes_the_whole_way_and_reads_the_truth_only_in_the_debrief(bench: Bench) -> None:
    runner = bench.start("practice", "gone")
    try:
        record = runner.until(AlertFired.model_fields["kind"].default)
        # Another runner is told who holds the sandbox, and not what is practised.
        second = bench.drills("run", "quiet", "-q")
        assert second.returncode == ExitCode.NOT_VALID
        assert f"sandbox default is held by drill (process {runner.process.pid}, since" in second.stderr
        assert bench.drills("sandbox", "down").returncode == ExitCode.NOT_VALID
        said = [
            bench.drills("respond", *words)
            for words in (
                ["ack"],
                ["severity", "SEV1"],
                ["update", "The database does not answer.", "--status-page"],
                ["decide", "fix", "--cause-known", "--fix-minutes", "2"],
                ["hint"],
                ["status"],
            )
        ]
        assert [answer.returncode for answer in said] == [0] * len(said)
        status = said[-1].stdout
        history, report = bench.drills("history"), bench.drills("report", record.drill_id)
        assert f"{record.drill_id}  " in history.stdout
        assert "(blind)" in history.stdout
        assert record.drill_id not in bench.drills("history", "--scenario", "gone").stdout
        assert report.returncode == ExitCode.BAD_INPUT
        shown = [bench.drills("show", "gone"), bench.drills("run", "gone", "--dry-run"), copied(bench, "show", "gone")]
        assert [answer.returncode for answer in shown] == [ExitCode.BAD_INPUT] * 3
        assert all("blind" in answer.stderr and not answer.stdout for answer in shown)
        assert bench.drills("sandbox", "status", "--json").returncode == ExitCode.BAD_INPUT
        assert not [words for words in processes_of(bench) if re.search(r"\bgone\b|scenarios/", words)]
        before = runner.output
        for secret in ("The database is gone", "kill", "Start the database again", "injected", "undo"):
            assert secret not in before + status + history.stdout + report.stderr + second.stderr
        repaired = bench.drills("sandbox", "restart", "database")
        assert repaired.returncode == 0, repaired.stderr
        assert bench.drills("respond", "cause", "database-down").returncode == 0
        # All alerts are over: that, and not the truth, tells a person that it is time.
        until(lambda: open_alerts(bench, record) == set(), "alerts stay")
        assert "[DRILL]" in bench.drills("respond", "all-clear", "The database is back.").stdout
        code = runner.wait()
    finally:
        end(runner)
    assert code in (ExitCode.ALL_MET, ExitCode.LIMIT_MISSED), runner.output
    after = runner.output.removeprefix(before)
    assert "gone: The database is gone" in after
    assert "That was right." in after
    assert "Start the database again." in after
    card = bench.card(record)
    assert card.recovery is Recovery.FULL
    assert card.cause_right is True
    assert "drills sandbox restart database" in [action.command for action in bench.timeline(record).all(ActionTaken)]
    bench.assert_mended(record)


def open_alerts(bench: Bench, record: DrillRecord) -> set[str]:
    timeline = bench.timeline(record)
    over = {event.alert_id for event in timeline.all(AlertResolved)}
    return {event.alert_id for event in timeline.all(AlertFired)} - over


def test_ctrl_c_in_the_middle_mends_everything_however_often_it_is_pressed(bench: Bench) -> None:
    runner = bench.start("run", "gone", "--responder", "none")
    try:
        record = runner.until("fault-verified")
        for _ in range(3):
            runner.process.send_signal(signal.SIGINT)
        assert runner.wait() == ExitCode.INTERRUPTED
    finally:
        end(runner)
    assert "Traceback" not in runner.output
    aborted = bench.timeline(record).first(DrillAborted)
    assert aborted is not None
    assert aborted.reason == "interrupted"
    assert bench.card(record).result is DrillResult.ABORTED
    assert bench.store.running("default") is None
    bench.assert_mended(record)


def test_the_kill_switch_ends_a_drill_from_another_terminal_and_nothing_starts_until_it_is_released(
    bench: Bench,
) -> None:
    runner = bench.start("run", "gone", "--responder", "none")
    try:
        record = runner.until("fault-verified")
        stopped = bench.drills("stop", "--all", "--because", "a real incident")
        assert stopped.returncode == 0, stopped.stderr
        assert f"{record.drill_id} ended" in stopped.stdout
        assert runner.wait() == ExitCode.ABORTED
    finally:
        end(runner)
    try:
        aborted = bench.timeline(record).first(DrillAborted)
        assert aborted is not None
        assert aborted.reason == "the kill switch was thrown: a real incident"
        assert bench.card(record).result is DrillResult.ABORTED
        bench.assert_mended(record)
        refused = bench.drills("run", "quiet")
        assert refused.returncode == ExitCode.ABORTED
        assert "(a real incident); `drills resume` allows them again" in refused.stderr
    finally:
        assert bench.drills("resume").returncode == 0


def test_a_steady_state_that_never_holds_is_not_scored_and_nothing_is_injected(bench: Bench) -> None:
    session = bench.conduct("never-well", steady=1)
    assert exit_code(session) == ExitCode.NOT_VALID
    assert session.scorecard.result is DrillResult.INVALID
    assert session.scorecard.score is None
    assert session.timeline.first(FaultApplied) is None


def test_a_fault_that_reaches_nobody_is_not_scored(bench: Bench) -> None:
    session = bench.conduct("unnoticed")
    assert session.timeline.first(FaultApplied) is not None
    assert exit_code(session) == ExitCode.NOT_VALID
    assert session.scorecard.result is DrillResult.INVALID
    assert session.scorecard.score is None
    assert bench.state() == bench.pristine


def test_a_control_drill_in_which_nobody_is_alarmed_is_met(bench: Bench) -> None:
    session = bench.conduct("quiet")
    assert session.timeline.first(FaultApplied, AlertFired) is None
    assert exit_code(session) == ExitCode.ALL_MET
    assert session.scorecard.false_alarms == 0
