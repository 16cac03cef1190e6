"""Drill each system of examples/: with its own runbooks, with none, with a tempting other; and kill the runner.

    python -m acceptance.examples [NAME ...] [--kills 20] [--seed 1] [--short]

Each example is copied to a folder of its own and brought up there as a compose project of its own, beside a bystander
whose services have the same names. Every scenario meets its own runbook (met), nobody (missed) and the runbook of the
scenario before it in the list (earns nothing); afterwards the state of the sandbox equals its state before. Then the
runner is killed at seeded moments, and what `drills recover` leaves is compared. At the end everything that was made
here is removed. Its images have to be here, or to be had: `.ci/engine NAME` makes stand-ins of packages.
"""

from __future__ import annotations

import argparse
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from acceptance.bystanders import Bystanders, bystanders
from acceptance.ending import run_in_order, shielded
from acceptance.harness import ROOT, Harness, NotStarted, bring_up
from acceptance.kill import Kill, Moment, described, kill_once
from acceptance.matrix import keep_evidence, run_cell, shown
from acceptance.matrix_cells import NOBODY, Expected, MatrixCell
from acceptance.outcome import Outcome
from drills.workspace.workspace import Workspace

EXAMPLES = ROOT / "examples"
#: What a bystander runs; the machine has it, for the included sandbox needs it too.
_BYSTANDER = "  {}: {{image: 'redis:7', command: [sleep, infinity], init: true}}\n"


def names() -> list[str]:
    return sorted(folder.parent.name for folder in EXAMPLES.glob("*/drills.yaml"))


def cells_of(example: str, *, short: bool = False) -> list[MatrixCell]:
    """Each scenario with its own runbook, with none, and with the one of the scenario before it.

    Short: each with its own, and the first with none and with another.
    """
    folder = EXAMPLES / example
    scenarios = sorted(file.parent.name for file in folder.glob("scenarios/*/scenario.yaml"))
    cells = []
    for position, scenario in enumerate(scenarios):
        other = scenarios[position - 1]
        cells.append(MatrixCell(scenario, scenario, Expected.REMEDY, "its own", workspace=folder))
        if short and position:
            continue
        cells += [
            MatrixCell(scenario, NOBODY, Expected.INEFFECTIVE, "nobody does anything", workspace=folder),
            MatrixCell(scenario, other, Expected.INEFFECTIVE, "it repairs something else", workspace=folder),
        ]
    return cells


@contextmanager
def example_harness(example: str) -> Iterator[Harness]:
    """A copy of the example in a folder of its own, up; taken down and removed at the end. Raises NotStarted."""
    folder = Path(tempfile.mkdtemp(prefix=f"drills-{example}-"))
    folder.chmod(0o755)
    shutil.copytree(EXAMPLES / example, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".drills", "reports"))
    # Somebody may have the example itself up.
    with (folder / ".env").open("a", encoding="utf-8") as settings:
        settings.write(f"EXAMPLE_PORT={_free_port()}\n")
    harness = Harness(folder)
    try:
        bring_up(harness, timeout=900)
        yield harness
    finally:
        with shielded():
            harness.take_down()
            _compose(folder, "down", "--volumes", "--timeout", "2")
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def bystander_project(harness: Harness) -> Iterator[Bystanders]:
    """A compose project of another folder, whose services have the names of the example's; removed at the end."""
    services = Workspace.load(harness.folder).config.sandbox.services
    folder = Path(tempfile.mkdtemp(prefix=f"{harness.folder.name}-"))
    (folder / "compose.yaml").write_text("services:\n" + "".join(map(_BYSTANDER.format, services)), encoding="utf-8")
    with bystanders() as beside:
        try:
            _compose(folder, "up", "--detach")
            listed = _compose(folder, "ps", "--all", "--format", "{{.Name}}").split()
            if len(listed) != len(services):
                raise NotStarted(f"the bystanders are not all there: {', '.join(listed)}")
            for name in listed:
                beside.watch(name)
            yield beside
        finally:
            with shielded():
                _compose(folder, "down", "--volumes", "--timeout", "2")
                shutil.rmtree(folder, ignore_errors=True)


def _compose(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["docker", "compose", "--progress", "plain", *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300, start_new_session=True,
    )  # fmt: skip
    if done.returncode != 0:
        print(f"FAIL docker compose {words[0]}: {(done.stderr or done.stdout).strip()[-300:]}", file=sys.stderr)
    return done.stdout


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def moments(lives: dict[str, float], times: int, seed: int) -> list[Moment]:
    """The scenarios in turn, each killed at moments spread over the whole life that it had, jittered by the seed."""
    chance = random.Random(seed)
    rounds = -(-times // len(lives))
    plan = [
        Moment(scenario, life * (turn + chance.random()) / rounds, from_injection=False)
        for turn in range(rounds)
        for scenario, life in lives.items()
    ]
    chance.shuffle(plan)
    return plan[:times]


def prove(example: str, kills: int, seed: int, *, short: bool) -> bool:
    """All of one example; True when everything was as expected."""
    print(f"== {example}", flush=True)
    began = time.monotonic()
    with example_harness(example) as harness, bystander_project(harness) as beside:
        print(f"ok   up in {time.monotonic() - began:.0f} s", flush=True)
        valid = harness.run("validate")
        if valid.returncode != 0:
            print(f"FAIL validate: {(valid.stdout + valid.stderr).strip()}", flush=True)
        outcomes = [_conduct(harness, cell, beside) for cell in cells_of(example, short=short)]
        lives = {each.scenario: each.seconds for each in outcomes if each.runbook == each.scenario}
        killed = [_kill(harness, moment, beside) for moment in moments(lives, kills, seed)]
    wrong = sum(bool(outcome.wrong) for outcome in outcomes) + sum(bool(kill.wrong) for kill in killed)
    wrong += (valid.returncode != 0) + _still_there(harness.folder)
    print(f"{example}: {len(outcomes)} cells, {len(killed)} kills in {time.monotonic() - began:.0f} s, {wrong} wrong\n")
    return not wrong


def _conduct(harness: Harness, cell: MatrixCell, beside: Bystanders) -> Outcome:
    outcome = run_cell(harness, cell, beside)
    wrong = [*outcome.wrong, *([f"its drill: {keep_evidence(harness, outcome)}"] if outcome.wrong else [])]
    mark = "FAIL" if wrong else "ok  "
    print(f"{mark} {cell.scenario:<18} × {cell.runbook:<18} {shown(outcome):<22} {outcome.seconds:5.1f} s", flush=True)
    print("".join(f"       {line}\n" for line in wrong), end="", flush=True)
    return outcome


def _kill(harness: Harness, moment: Moment, beside: Bystanders) -> Kill:
    try:
        kill = kill_once(harness, moment, beside, by_starting=False)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        kill = Kill(moment, "unknown", 0, (f"{type(error).__name__}: {error}",))
    if kill.skipped:
        kill = Kill(moment, "not begun", 0, (f"not begun: {kill.skipped}",))
    print("\n".join([described(kill), *(f"       {line}" for line in kill.wrong)]), flush=True)
    return kill


def _still_there(folder: Path) -> int:
    """How many containers and volumes of a project that was removed are left."""
    label = f"label=com.docker.compose.project={folder.name}"
    left = []
    for words in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
        shown_ = subprocess.run(["docker", *words, "--quiet", "--filter", label], capture_output=True, text=True)
        left += shown_.stdout.split()
    if left:
        print(f"FAIL left behind: {' '.join(left)}", flush=True)
    return len(left)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example", nargs="*", help=f"of {', '.join(names())}; all without")
    parser.add_argument("--kills", type=int, default=20, help="of each example")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--short", action="store_true", help="nobody and another runbook for one scenario only")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.example) - set(names()):
        parser.error(f"there is no example {', '.join(sorted(unknown))}; known: {', '.join(names())}")
    failed = []
    for example in chosen.example or names():
        try:
            if not prove(example, chosen.kills, chosen.seed, short=chosen.short):
                failed.append(example)
        except NotStarted as error:
            print(f"FAIL {example}: {error}", flush=True)
            failed.append(example)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run_in_order(main))
