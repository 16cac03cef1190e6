"""SIGKILL the runner at seeded moments spread over the whole life of each drill; everything must be undone.

    python -m acceptance.kill --times 30 --seed 1 [--driver compose] [--only fill-disk …]

Two sorts of drills take turns: whole drills of the catalogue, killed at any moment from their start, and a small one
for each kind of fault (`acceptance/kinds.py`), killed at any moment from when the fault is about to be applied.
After each kill the state of the sandbox is compared, field by field, with the state before the drill: every other
time after `drills recover`, else after another drill was just started (which finishes what is owed before it begins).
The interrupted drill must be stored as aborted with its events, none of its processes may be left, and the containers
of other projects must be untouched.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from acceptance import kinds
from acceptance.bystanders import Bystanders, bystanders_of
from acceptance.ending import run_in_order
from acceptance.harness import Harness, NotStarted, differences, open_harness
from drills.clock import SystemClock
from drills.errors import ExitCode
from drills.faults.registry import FAULTS
from drills.model.events import DrillStarted, FaultApplied, RunnerDied, UndoWritten
from drills.model.scorecard import DrillResult
from drills.processes.mark import DRILL, MARK, SANDBOX_MARK, WORKSPACE
from drills.store.store import Store

DRILLS = ("database-failure", "bad-deploy", "slow-query", "external-api-blocked", "traffic-surge")
#: Seconds that a drill lives on a warm sandbox, generously: late kills find it undoing its changes or just ended.
LIFE = 40.0
#: How long a small drill may take until its fault is about to be applied.
_INJECTED_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When a drill is killed: `seconds` after its start, or after its fault's undo was written."""

    drill: str
    seconds: float
    from_injection: bool


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: how far the drill had come, and what was wrong afterwards."""

    moment: Moment
    last_event: str
    owed: int
    wrong: tuple[str, ...]
    #: Why the sandbox cannot have this drill, if so.
    skipped: str = ""


def moments(times: int, seed: int, only: Sequence[str] = ()) -> list[Moment]:
    """Which drill is killed when: the drills in turn, the moments spread evenly and jittered by the seed."""
    chance = random.Random(seed)
    known = (*kinds.names(), *DRILLS)
    for name in only:
        if name not in {*known, *FAULTS}:
            raise SystemExit(f"--only {name}: there is no such drill; known: {', '.join(known)}")
    drills = [name for name in known if not only or {name, name.removeprefix("kind-")} & set(only)]
    rounds = -(-times // len(drills))
    plan = []
    for turn in range(rounds):
        for drill in drills:
            small = drill in kinds.names()
            share = (turn + chance.random()) / rounds
            plan.append(Moment(drill, (kinds.LIFE if small else LIFE) * share, from_injection=small))
    return plan[:times]


def kill_once(harness: Harness, moment: Moment, bystanders: Bystanders, *, by_starting: bool) -> Kill:
    """Start a drill, kill its runner, recover, and compare."""
    before, log = harness.state(), harness.folder / "killed.log"
    with Store.open(harness.store, clock=SystemClock()) as store:
        known = len(store.drills())
        runner = harness.start("run", moment.drill, log=log)
        if moment.from_injection:
            _await_injection(store, known, runner)
        _wait(runner, time.monotonic() + moment.seconds)
        finished = runner.poll() is not None
        if not finished:
            os.kill(runner.pid, signal.SIGKILL)
        if runner.wait() == ExitCode.BAD_INPUT:
            return Kill(moment, "not begun", 0, (), skipped=log.read_text(encoding="utf-8").strip())
        records = store.drills()[known:]
        owed = _owed(store)
        last = type(store.events(records[-1].drill_id)[-1]).__name__ if records else "nothing yet"
        killed = records[-1].drill_id if records and not finished else None
        wrong = _recover(harness, by_starting=by_starting)
        wrong += [f"state: {line}" for line in differences(before, harness.state())]
        if killed is not None:
            wrong += _stored_as_cut_short(store, killed)
            wrong += [f"left behind: {name}" for name in _left_behind(killed, harness.folder)]
        if _owed(store):
            wrong.append("undos are still owed")
        wrong += bystanders.changes()
    return Kill(moment, "ended before" if finished else last, owed, tuple(wrong))


def _await_injection(store: Store, known: int, runner: subprocess.Popen[bytes]) -> None:
    """Until the undo of the drill's fault is written, or the drill has ended without (a surge owes none)."""
    deadline = time.monotonic() + _INJECTED_SECONDS
    while runner.poll() is None and time.monotonic() < deadline:
        for record in store.drills()[known:]:
            events = store.events(record.drill_id)
            if any(isinstance(event, (UndoWritten, FaultApplied)) and event.fault is not None for event in events):
                return
        time.sleep(0.02)


def _wait(runner: subprocess.Popen[bytes], deadline: float) -> None:
    while time.monotonic() < deadline and runner.poll() is None:
        time.sleep(0.01)


def _recover(harness: Harness, *, by_starting: bool) -> list[str]:
    if not by_starting:
        answer = harness.run("recover")
        return [] if answer.returncode == 0 else [f"recover: exit {answer.returncode}: {answer.stderr.strip()}"]
    # A drill that is ended at once after it has begun: what the dead one owed was finished before that.
    runner = harness.start("run", "quiet", log=harness.folder / "next.log")
    try:
        deadline = time.monotonic() + 60
        while "traffic started" not in (harness.folder / "next.log").read_text() and runner.poll() is None:
            if time.monotonic() > deadline:
                return ["the next drill did not start"]
            time.sleep(0.05)
        runner.send_signal(signal.SIGINT)
        status = runner.wait(60)
    finally:
        if runner.poll() is None:
            runner.kill()
    return [] if status == 130 else [f"the next drill ended with {status}, not 130 after Ctrl-C"]


def _owed(store: Store) -> int:
    from drills.store.journal import Journal

    return len(Journal(store).owed())


def _stored_as_cut_short(store: Store, drill_id: str) -> list[str]:
    record = store.drill(drill_id)
    timeline = store.timeline(drill_id)
    died = timeline.first(RunnerDied)
    wrong = []
    scored = record.result in (DrillResult.MET, DrillResult.MISSED)
    if record.result is not DrillResult.ABORTED and not scored:
        wrong.append(f"{drill_id} is stored as {record.result}, not as aborted")
    if timeline.first(DrillStarted) is not None and not scored and died is None:
        wrong.append(f"{drill_id} has no event that says that its runner died")
    if scored and died is not None and not died.undone:
        wrong.append(f"{drill_id} is stored as {record.result}, but its runner died before everything was undone")
    return wrong


def _left_behind(drill_id: str, folder: Path) -> list[str]:
    """Processes of that drill of this workspace, the sandbox's own apart, and programs of its faults."""
    left = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            ours = environment.get(DRILL) == drill_id and environment.get(WORKSPACE) == str(folder)
            # A mark does not say whose it is, but a program of a fault stays in the folder that it was started in.
            ours = ours or (MARK in environment and process.cwd() == str(folder))
            if ours and SANDBOX_MARK not in environment:
                left.append(f"{process.pid} {process.status()} {' '.join(process.cmdline())[:100]}")
        except psutil.Error:
            continue
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--driver", default="local", help="local or compose")
    parser.add_argument("--only", metavar="NAME", nargs="+", default=(), help="these drills or kinds of faults")
    arguments = parser.parse_args()
    began = time.monotonic()
    try:
        kills = _kill_all(arguments.driver, moments(arguments.times, arguments.seed, arguments.only))
    except NotStarted as error:
        print(f"FAIL {error}", file=sys.stderr)
        return 1
    failed = sum(bool(kill.wrong) for kill in kills)
    last_events = Counter(kill.last_event for kill in kills)
    print(
        f"\n{len(kills)} kills in {time.monotonic() - began:.0f} s, {failed} not undone; killed after: "
        + ", ".join(f"{event_name} {count}" for event_name, count in last_events.most_common())
    )
    return 1 if failed else 0


def _kill_all(driver: str, plan: Sequence[Moment]) -> list[Kill]:
    """One kill after the other on one sandbox, each printed when it is over. Raises NotStarted."""
    kills = []
    with open_harness(driver) as harness, bystanders_of(driver, harness.folder) as bystanders:
        kinds.write(harness.folder)
        for number, moment in enumerate(plan, 1):
            try:
                kill = kill_once(harness, moment, bystanders, by_starting=number % 2 == 0)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                kill = Kill(moment, "unknown", 0, (f"{type(error).__name__}: {error}",))
            kills.append(kill)
            print(f"{number:>3}  {described(kill)}", flush=True)
            for line in kill.wrong:
                print(f"       {line}", flush=True)
    return kills


def described(kill: Kill) -> str:
    """One kill, in one line."""
    if kill.skipped:
        return f"skip  {kill.moment.drill:<26} {kill.skipped}"
    state = "ok  " if not kill.wrong else "FAIL"
    anchor = "the undo" if kill.moment.from_injection else "the start"
    return (
        f"{state}  {kill.moment.drill:<26} {kill.moment.seconds:4.1f} s after {anchor:<9}"
        f" at {kill.last_event}, {kill.owed} owed"
    )


if __name__ == "__main__":
    sys.exit(run_in_order(main))
