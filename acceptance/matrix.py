"""Run each drill with its own runbook, with none, with tempting others and with cheap recoveries; compare with what
was expected.

    python -m acceptance.matrix [--driver compose] [--only SCENARIO] [--runbook NAME] [--kind own] [--jobs 2]
                                [--again] [--short]

Every matrix cell is a real drill. A mitigation may be credited only where acceptance/expectations.yaml says so. After
every cell the sandbox's state must equal its state before, and other projects' containers must be untouched.

Outcomes are kept in acceptance/outcomes/DRIVER.jsonl, each with digests of its inputs (acceptance/inputs.py). A cell
whose outcome is current and as expected is not run again without --again, so that a long matrix can be run in pieces.
`python -m acceptance.matrix_document` writes docs/scenario-matrix.md from them. The store of a cell that was not as
expected is kept in build/evidence.

`--kind own --kind none` is the core: each scenario with its own runbook (20 minutes) and with nobody (40 minutes). The
machine has to be idle otherwise: under load the steps of a runbook are slow, and its repair misses the limit.
"""

from __future__ import annotations

import argparse
import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path

from acceptance.bystanders import Bystanders, bystanders_of
from acceptance.ending import Ended, run_in_order
from acceptance.harness import ROOT, Harness, differences, open_harness
from acceptance.inputs import WorkspaceInputs
from acceptance.matrix_cells import Expected, MatrixCell, read_cells
from acceptance.outcome import Outcome, Standing, keep, outcome_of, read_outcomes, standing
from acceptance.quiet_period import longest_quiet_period
from drills.clock import SystemClock
from drills.model.durations import humane
from drills.model.events import ActionTaken, AlertFired, Event, StepFinished
from drills.model.playbook import Milestone
from drills.model.scorecard import DrillResult, Recovery, Scorecard
from drills.model.timeline import Timeline
from drills.store.store import Store

#: Where the store of a drill that was not as expected is kept.
EVIDENCE = ROOT / "build/evidence"
#: What CI has the time for: remedies and wrong answers, each of another kind.
SHORT = (
    ("database-failure", "database-failure"),
    ("database-failure", "none"),
    ("bad-deploy", "bad-deploy"),
    ("bad-deploy", "database-failure"),
    ("external-api-blocked", "external-api-blocked"),
    ("slow-query", "slow-query"),
    ("database-failure", "scale-to-zero"),
    ("bad-deploy", "stop-the-users"),
)


def run_cell(harness: Harness, cell: MatrixCell, bystanders: Bystanders) -> Outcome:
    """Conduct the drill of one cell and compare."""
    before, began, at = harness.state(), time.monotonic(), datetime.now(UTC)
    done = harness.run("run", cell.scenario, *cell.answer, "--json")
    seconds = time.monotonic() - began
    touched = bystanders.changes()
    try:
        card = Scorecard.model_validate(json.loads(done.stdout))
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()
        wrong = [f"no scorecard, exit {done.returncode}: {said[-1] if said else ''}"]
        return outcome_of(cell, None, at, seconds, [*wrong, *touched])
    events = _events(harness, card.drill_id)
    changed, quiet_period = _changes(events), longest_quiet_period(Timeline(events))
    wrong = [*_judge(cell, card), *_unnoticed(cell, events)]
    if cell.changes_nothing and changed:
        wrong.append(f"it was to change nothing: {'; '.join(changed)}")
    if cell.expect is Expected.TEMPORARY and not quiet_period:
        wrong.append("users were never well in between")
    wrong += [*(f"state: {line}" for line in differences(before, harness.state())), *touched]
    return outcome_of(cell, card, at, seconds, wrong, changed=changed, quiet_period=quiet_period)


def _judge(cell: MatrixCell, card: Scorecard) -> list[str]:
    scored = card.result in (DrillResult.MET, DrillResult.MISSED)
    if cell.expect is Expected.NOT_SCORED:
        return ["it was scored"] if scored else []
    if not scored:
        return [f"the drill is {card.result}: {card.why_not}"]
    wrong = []
    credited = Milestone.MITIGATED in card.milestones
    if credited != cell.expect.credited:
        wrong.append(f"{cell.expect} was expected, but a mitigation was {'' if credited else 'not '}credited")
    if cell.expect is Expected.REMEDY and card.result is not DrillResult.MET:
        missed = "; ".join(row.label for row in card.rows if row.verdict == "missed")
        wrong.append(f"a limit that decides was missed: {missed}")
    if not cell.expect.credited and card.result is DrillResult.MET:
        wrong.append("it counts as met")
    if Milestone.DETECTED not in card.milestones:
        wrong.append("it was not detected")
    return wrong


def _events(harness: Harness, drill: str) -> Sequence[Event]:
    with Store.open(harness.store, clock=SystemClock()) as store:
        return store.events(drill)


def _unnoticed(cell: MatrixCell, events: Sequence[Event]) -> list[str]:
    """Says so when only unspecific alerts were raised."""
    fired = [event for event in events if isinstance(event, AlertFired)]
    alerted = {probe for event in fired for probe in (event.probe, *event.besides) if probe}
    if not cell.noticed_by or alerted & cell.noticed_by:
        return []
    return [f"no alert of {', '.join(sorted(cell.noticed_by))}, but of {', '.join(sorted(alerted)) or 'none'}"]


def _changes(events: Sequence[Event]) -> list[str]:
    """The commands of the responder that may have changed something."""
    return [
        " ".join(event.command.split())[:160]
        for event in events
        if isinstance(event, StepFinished | ActionTaken)
        and not event.read_only
        and "echo fix" not in event.command  # a decision, which a runbook states this way
    ]


def shown(outcome: Outcome) -> str:
    """A cell in a few words."""
    if outcome.wrong:
        return f"✗ {outcome.expect} expected"
    if outcome.mitigated_after is not None:
        degraded = ", degraded" if outcome.recovery == Recovery.DEGRADED else ""
        return f"✓ {humane(outcome.mitigated_after)}{degraded}"
    if outcome.expect == Expected.NOT_SCORED:
        return "not scored"
    return f"well for {humane(outcome.quiet_period)} only" if outcome.expect == Expected.TEMPORARY else "not mitigated"


def keep_evidence(harness: Harness, outcome: Outcome) -> Path:
    """Copy the store out of a workspace that will be removed, to find out why later; returns the folder."""
    folder = EVIDENCE / f"{outcome.scenario}-{outcome.runbook}-{outcome.at:%H%M%S}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in (harness.folder / ".drills").glob("drills.db*"):
        shutil.copy(file, folder)
    return folder.relative_to(ROOT)


class Matrix:
    """Runs cells on one or more sandboxes of a driver, each in a workspace of its own."""

    def __init__(self, driver: str, cells: Sequence[MatrixCell]) -> None:
        self._driver = driver
        self._cells = cells
        self._lock = threading.Lock()
        self.done: list[Outcome] = []
        #: Why a sandbox gave up, one line each; its cells are left to the others.
        self.failures: list[str] = []

    def run(self, jobs: int, *, kept: bool) -> None:
        """Run all cells and keep each outcome at once. A sandbox that fails says why, and the others go on."""
        alone = [cell for cell in self._cells if cell.alone and jobs > 1]
        self._conduct(alone, jobs, side_by_side=1, kept=kept)
        self._conduct([cell for cell in self._cells if cell not in alone], jobs, side_by_side=jobs, kept=kept)

    def _conduct(self, cells: Sequence[MatrixCell], jobs: int, *, side_by_side: int, kept: bool) -> None:
        waiting: queue.SimpleQueue[MatrixCell] = queue.SimpleQueue()
        for cell in cells:
            waiting.put(cell)
        with ThreadPoolExecutor(side_by_side) as pool:
            try:
                for worker in as_completed([pool.submit(self._work, waiting, kept) for _ in range(jobs)]):
                    if (error := worker.exception()) is not None:
                        self._fail(error)
            except Ended:
                # Those that have not begun; the others take down what they have, for their commands have ended.
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _work(self, waiting: queue.SimpleQueue[MatrixCell], kept: bool) -> None:
        """Run cells on one sandbox until none is left."""
        if waiting.empty():
            return
        with open_harness(self._driver) as harness, bystanders_of(self._driver, harness.folder) as bystanders:
            # Of the copy that the drills use, whatever is edited meanwhile.
            inputs = WorkspaceInputs(harness.folder, self._driver)
            while True:
                try:
                    cell = waiting.get_nowait()
                except queue.Empty:
                    return
                made_of = inputs.of(cell)
                try:
                    outcome = run_cell(harness, cell, bystanders)
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    raise RuntimeError(f"{cell.scenario} × {cell.runbook}: {error}") from error
                if harness.commands.ended:
                    return  # It was cut short, which is no outcome.
                self._note(outcome.model_copy(update={"inputs": made_of}), kept, harness)

    def _fail(self, error: BaseException) -> None:
        said = " ".join(str(error).split())
        line = said if isinstance(error, RuntimeError) else f"{type(error).__name__}: {said}"
        self.failures.append(line)
        print(f"FAIL {line}", file=sys.stderr, flush=True)

    def _note(self, outcome: Outcome, kept: bool, harness: Harness) -> None:
        with self._lock:
            self.done.append(outcome)
            evidence = [f"its drill: {keep_evidence(harness, outcome)}"] if outcome.wrong else []
            if kept:
                keep(self._driver, {**read_outcomes(self._driver), outcome.key: outcome})
            mark = "ok  " if not outcome.wrong else "FAIL"
            words = (
                f"{mark} {outcome.scenario:<22} × {outcome.runbook:<22} {shown(outcome):<24} {outcome.seconds:5.1f} s"
            )
            print("\n".join([words, *(f"       {line}" for line in (*outcome.wrong, *evidence))]), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", choices=("local", "compose"), default="local")
    parser.add_argument("--only", action="append", help="a scenario's row; may be given again")
    parser.add_argument("--runbook", action="append", help="a runbook's column; may be given again")
    parser.add_argument("--kind", action="append", choices=("own", "none", "other", "cheap"))
    parser.add_argument("--jobs", type=int, default=1, help="sandboxes side by side; more than one needs more cores")
    parser.add_argument("--again", action="store_true", help="also cells whose outcome is current")
    parser.add_argument("--short", action="store_true", help="a few cells, anew, and their outcomes are not kept")
    arguments = parser.parse_args()
    cells = [
        cell
        for cell in read_cells()
        if (not arguments.only or cell.scenario in arguments.only)
        and (not arguments.runbook or cell.runbook in arguments.runbook)
        and (not arguments.kind or cell.kind in arguments.kind)
        and (not arguments.short or (cell.scenario, cell.runbook) in SHORT)
    ]
    if not arguments.short:
        cells = _to_run(cells, arguments.driver, again=arguments.again)
    began = time.monotonic()
    matrix = Matrix(arguments.driver, cells)
    matrix.run(arguments.jobs, kept=not arguments.short)
    wrong = sum(bool(outcome.wrong) for outcome in matrix.done)
    missing = len(cells) - len(matrix.done)
    not_run = f", {missing} not run" if missing else ""
    print(f"\n{len(matrix.done)} cells in {time.monotonic() - began:.0f} s, {wrong} not as expected{not_run}")
    return 1 if wrong or missing or matrix.failures else 0


def _to_run(cells: Sequence[MatrixCell], driver: str, *, again: bool) -> list[MatrixCell]:
    """Those without a current outcome that is as expected, or all of them; prints how many there are of each."""
    known, inputs = read_outcomes(driver), WorkspaceInputs(ROOT, driver)
    found = [(cell, known.get((cell.scenario, cell.runbook))) for cell in cells]
    standings = [standing(outcome, inputs.of(cell)) for cell, outcome in found]
    counted = Counter(standings)
    waiting = [
        cell
        for (cell, outcome), stands in zip(found, standings, strict=True)
        if again or stands is not Standing.CURRENT or (outcome is not None and outcome.wrong)
    ]
    numbers = ", ".join(f"{counted[stands]} {stands}" for stands in Standing)
    print(f"{len(cells)} cells on the {driver} sandbox: {numbers}; {len(waiting)} to run", flush=True)
    return waiting


if __name__ == "__main__":
    sys.exit(run_in_order(main))
