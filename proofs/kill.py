"""SIGKILL the runner at seeded moments spread over the whole life of each drill; everything must be mended.

    python -m proofs.kill --times 30 --seed 1

After each kill the state of the sandbox is compared, field by field, with the state before the drill: every other
time after `drills recover`, else after another drill was just started (which finishes what is owed before it begins).
The interrupted drill must be stored as aborted with its events, and none of its processes may be left.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil

from drills.clock import SystemClock
from drills.core.events import DrillAborted, DrillStarted
from drills.core.scorecard import DrillResult
from drills.store.records import DrillRecord
from drills.store.store import Store
from proofs.workbench import Workbench, differences, workbench

DRILLS = ("database-failure", "bad-deploy", "slow-query", "external-api-blocked", "traffic-surge")
#: Seconds that a drill lives on a warm sandbox, counted generously: late kills find it mending or just ended.
LIFE = 40.0


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: how far the drill had come, and what was wrong afterwards (nothing, if all is well)."""

    drill: str
    moment: float
    last_event: str
    owed: int
    wrong: tuple[str, ...]


def moments(times: int, seed: int) -> list[tuple[str, float]]:
    """Which drill is killed when: the drills in turn, the moments spread evenly and jittered by the seed."""
    chance = random.Random(seed)
    rounds = -(-times // len(DRILLS))
    plan = [(drill, LIFE * (index + chance.random()) / rounds) for index in range(rounds) for drill in DRILLS]
    return plan[:times]


def kill_once(bench: Workbench, drill: str, moment: float, *, by_starting: bool) -> Kill:
    """Start a drill, kill its runner, recover, and look."""
    before, known = bench.state(), len(_drills(bench))
    log = bench.folder / "killed.log"
    runner = bench.start("run", drill, log=log)
    deadline = time.monotonic() + moment
    while time.monotonic() < deadline and runner.poll() is None:
        time.sleep(0.01)
    finished = runner.poll() is not None
    if not finished:
        os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    store = Store.open(bench.store, clock=SystemClock())
    try:
        records = store.drills()[known:]
        owed = _owed(store)
        last = type(store.events(records[-1].drill_id)[-1]).__name__ if records else "nothing yet"
        killed = records[-1].drill_id if records and not finished else None
        wrong = _recover(bench, by_starting=by_starting)
        wrong += [f"state: {line}" for line in differences(before, bench.state())]
        if killed is not None:
            wrong += _stored_as_aborted(store, killed)
            wrong += [f"left behind: {name}" for name in _left_behind(killed, bench.folder)]
        if _owed(store):
            wrong.append("undos are still owed")
    finally:
        store.close()
    return Kill(drill, moment, "ended before" if finished else last, owed, tuple(wrong))


def _drills(bench: Workbench) -> list[DrillRecord]:
    with contextlib.closing(Store.open(bench.store)) as store:
        return store.drills()


def _recover(bench: Workbench, *, by_starting: bool) -> list[str]:
    if not by_starting:
        answer = bench.run("recover")
        return [] if answer.returncode == 0 else [f"recover: exit {answer.returncode}: {answer.stderr.strip()}"]
    # A drill that is ended at once after it has begun: what the dead one owed was finished before that.
    runner = bench.start("run", "quiet", log=bench.folder / "next.log")
    try:
        deadline = time.monotonic() + 60
        while "traffic started" not in (bench.folder / "next.log").read_text() and runner.poll() is None:
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


def _stored_as_aborted(store: Store, drill_id: str) -> list[str]:
    record = store.drill(drill_id)
    timeline = store.timeline(drill_id)
    wrong = []
    ended_itself = record.result in (DrillResult.MET, DrillResult.MISSED)
    if record.result is not DrillResult.ABORTED and not ended_itself:
        wrong.append(f"{drill_id} is stored as {record.result}, not as aborted")
    if timeline.first(DrillStarted) is not None and not ended_itself and timeline.first(DrillAborted) is None:
        wrong.append(f"{drill_id} has no event that says that it was aborted")
    return wrong


def _left_behind(drill_id: str, folder: Path) -> list[str]:
    """Processes of that drill of this workspace, the sandbox's own apart."""
    left = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            ours = environment.get("DRILLS_DRILL") == drill_id and environment.get("DRILLS_WORKSPACE") == str(folder)
            if ours and "DRILLS_SANDBOX" not in environment:
                left.append(f"{process.pid} {process.status()} {' '.join(process.cmdline())[:100]}")
        except psutil.Error:
            continue
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began, kills = time.monotonic(), []
    with workbench() as bench:
        for number, (drill, moment) in enumerate(moments(arguments.times, arguments.seed), 1):
            kill = kill_once(bench, drill, moment, by_starting=number % 2 == 0)
            kills.append(kill)
            state = "ok  " if not kill.wrong else "FAIL"
            print(
                f"{state} {number:>3}  {drill:<22} at {moment:4.1f} s  after {kill.last_event}, {kill.owed} owed",
                flush=True,
            )
            for line in kill.wrong:
                print(f"       {line}", flush=True)
    failed = sum(bool(kill.wrong) for kill in kills)
    places = Counter(kill.last_event for kill in kills)
    print(
        f"\n{len(kills)} kills in {time.monotonic() - began:.0f} s, {failed} not mended; killed after: "
        + ", ".join(f"{place} {count}" for place, count in places.most_common())
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
