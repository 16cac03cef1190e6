"""SIGKILL the runner of a drill whose faults are commands, on this machine and in a container; all must be undone.

    python -m acceptance.exec_kills --times 40 --seed 1

A project of one Redis is drilled: one fault lives in its container, one on this machine, each with a program that it
leaves in the background; the second cannot be found by its parent or its environment. Every command
takes a moment, so that kills fall into each of them. It needs a Docker engine.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from acceptance.bystanders import Bystanders
from acceptance.ending import run_in_order, shielded
from acceptance.harness import Harness, NotStarted, bring_up
from acceptance.kill import Kill, Moment, described, kill_once
from drills.processes.leftovers import until

DRILL = "own-commands"
#: Seconds from the first undo that is written to the end of the drill, generously; and from its start.
_INJECTED, _LIFE = 9.0, 16.0
_FILES = {
    "compose.yaml": "services:\n  store:\n    image: redis:7\n    init: true\n",
    "drills.yaml": """
format: 1
playbook: fastapi
sandbox:
  file: compose.yaml
  services:
    store: {adapter: redis, may: [exec]}
""",
    "probes/store.yaml": '- {name: store, every: 1s, timeout: 1s, redis: {url: "${store}"}}\n',
    f"scenarios/{DRILL}/scenario.yaml": """
title: Commands of our own
story: The runner dies.
steady: {hold: 1s, probes: [store]}
traffic: {journeys: [store], users: 2}
baseline: 1s
limits: {duration: 5s}
users-affected: false
runbook: null
timeline:
  - at: 0s
    fault:
      kind: exec
      in: store
      check: sleep 0.3
      apply: |
        touch /tmp/fault; sleep 0.4
        (setsid sleep 600 > /dev/null 2>&1 &)
      verify: sleep 0.3; ls /tmp/fault
      undo: sleep 0.3; rm -f /tmp/fault; sleep 0.3
      verify-undone: sleep 0.2; [ ! -e /tmp/fault ]
  - at: 1s
    fault:
      kind: exec
      check: sleep 0.3
      apply: |
        touch fault; sleep 0.4
        (setsid env -i sleep 600 &)
      verify: sleep 0.3; ls fault
      undo: sleep 0.3; rm -f fault; sleep 0.3
      verify-undone: sleep 0.2; [ ! -e fault ]
truth: {cause: commands, among: [commands, something-else], remedy: The undo.}
""",
}


def write(folder: Path) -> None:
    """Put the project and its drill there."""
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@contextmanager
def harness() -> Iterator[Harness]:
    """The project in a folder of its own, up; taken down and removed at the end. Raises NotStarted."""
    folder = Path(tempfile.mkdtemp(prefix="drills-exec-"))
    write(folder)
    made = Harness(folder)
    try:
        bring_up(made)
        yield made
    finally:
        with shielded():
            made.take_down()
            subprocess.run(
                ["docker", "compose", "--project-directory", str(folder), "down", "--volumes", "--timeout", "2"],
                capture_output=True,
                check=False,
                start_new_session=True,
            )
            shutil.rmtree(folder, ignore_errors=True)


def moments(times: int, seed: int) -> list[Moment]:
    """Spread over the whole life of the drill, every other one counted from the first undo that is written."""
    chance = random.Random(seed)
    return [
        Moment(DRILL, (_INJECTED if number % 2 else _LIFE) * chance.random(), from_injection=bool(number % 2))
        for number in range(times)
    ]


def left(made: Harness) -> list[str]:
    """What the faults have left behind: files and programs, on this machine and in the container."""
    found = [str(made.folder / "fault")] if (made.folder / "fault").exists() else []
    shown = made.run("sandbox", "exec", "store", "--", "ls", "/tmp").stdout.split()
    found += [f"in the container: {name}" for name in shown]
    # A supervisor whose runner was killed ends what it has to, beside the recovery.
    until(lambda: not _sleepers(made.folder), seconds=20)
    return found + _sleepers(made.folder)


def _sleepers(folder: Path) -> list[str]:
    """Programs with our arguments, in our folder or below the container's first process."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if words == ["sleep", "600"] and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"process {process.pid}: {' '.join(words)} in {process.cwd()}")
        except psutil.Error:
            continue
    return [line for line in found if line.endswith((str(folder), "/data"))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began, kills = time.monotonic(), []
    try:
        with harness() as made:
            for moment in moments(arguments.times, arguments.seed):
                kill = kill_once(made, moment, Bystanders(), by_starting=False)
                kill = Kill(kill.moment, kill.last_event, kill.owed, (*kill.wrong, *left(made)), kill.skipped)
                kills.append(kill)
                print("\n".join([described(kill), *(f"       {line}" for line in kill.wrong)]), flush=True)
    except NotStarted as error:
        print(f"FAIL {error}", file=sys.stderr)
        return 1
    failed = sum(bool(kill.wrong or kill.skipped) for kill in kills)
    last_events = ", ".join(
        f"{event_name} {count}" for event_name, count in Counter(k.last_event for k in kills).most_common()
    )
    print(f"\n{len(kills)} kills in {time.monotonic() - began:.0f} s, {failed} not undone; killed after: {last_events}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run_in_order(main))
