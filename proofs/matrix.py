"""Each drill with each runbook, and with none, against what was expected of it beforehand.

    python -m proofs.matrix [--only SCENARIO] [--write docs/scenario-matrix.md]

Every cell is a real drill on one warm sandbox. Credit for a mitigation may come only where proofs/expectations.yaml
says so; and after every cell the sandbox's state must equal its state before.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from drills import __version__
from drills.core.durations import humane
from drills.core.playbook import Milestone
from drills.core.scorecard import DrillResult, Recovery, Scorecard
from proofs.workbench import ROOT, Workbench, differences, workbench

EXPECTATIONS = ROOT / "proofs" / "expectations.yaml"
DOCUMENT = ROOT / "docs" / "scenario-matrix.md"


class Expected(StrEnum):
    REMEDY = "remedy"
    EQUIVALENT = "equivalent"
    TEMPORARY = "temporary"
    INEFFECTIVE = "ineffective"

    @property
    def credited(self) -> bool:
        return self in (Expected.REMEDY, Expected.EQUIVALENT)


@dataclass(frozen=True, slots=True)
class Cell:
    scenario: str
    runbook: str
    expect: Expected
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cell's drill gave; `wrong` tells every way in which it is not as expected."""

    cell: Cell
    card: Scorecard | None
    seconds: float
    wrong: tuple[str, ...]


def read_cells(path: Path = EXPECTATIONS) -> tuple[Cell, ...]:
    """The expectations, in the order of the file."""
    cells = yaml.safe_load(path.read_text(encoding="utf-8"))["cells"]
    return tuple(Cell(c["scenario"], c["runbook"], Expected(c["expect"]), c["why"]) for c in cells)


def run_cell(bench: Workbench, cell: Cell) -> Outcome:
    """Conduct the drill of one cell and compare."""
    before, began = bench.state(), time.monotonic()
    answer = ["--responder", "none"] if cell.runbook == "none" else ["--runbook", cell.runbook]
    done = bench.run("run", cell.scenario, *answer, "--json")
    seconds = time.monotonic() - began
    try:
        card = Scorecard.model_validate(json.loads(done.stdout))
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()
        return Outcome(cell, None, seconds, (f"no scorecard, exit {done.returncode}: {said[-1] if said else ''}",))
    wrong = [*_judge(cell, card), *(f"state: {line}" for line in differences(before, bench.state()))]
    return Outcome(cell, card, seconds, tuple(wrong))


def _judge(cell: Cell, card: Scorecard) -> list[str]:
    if card.result not in (DrillResult.MET, DrillResult.MISSED):
        return [f"the drill is {card.result}: {card.why_not}"]
    wrong = []
    credited = Milestone.MITIGATED in card.milestones
    if credited != cell.expect.credited:
        wrong.append(f"{cell.expect} was expected, but a mitigation was {'' if credited else 'not '}credited")
    if cell.expect.credited and card.result is not DrillResult.MET:
        wrong.append(
            "a limit that decides was missed: " + "; ".join(r.label for r in card.rows if r.verdict == "missed")
        )
    if not cell.expect.credited and card.result is DrillResult.MET:
        wrong.append("it counts as met")
    if Milestone.DETECTED not in card.milestones:
        wrong.append("it was not detected")
    return wrong


def document(outcomes: Sequence[Outcome]) -> str:
    """The table as Markdown."""
    scenarios = list(dict.fromkeys(outcome.cell.scenario for outcome in outcomes))
    runbooks = [*scenarios, "none"]
    found = {(outcome.cell.scenario, outcome.cell.runbook): outcome for outcome in outcomes}
    lines = [
        "# What each runbook does for each drill",
        "",
        "Made by `make matrix` from real drills on the local sandbox, scored by the playbook of this workspace "
        f"(drills {__version__}).",
        "What was expected of each cell, and why, was written down before: `proofs/expectations.yaml`. A mitigation is",
        "measured (users are well again, under the load that was offered before); only a remedy earns one.",
        "",
        "| drill | "
        + " | ".join(f"runbook {name}" if name != "none" else "nobody answers" for name in runbooks)
        + " |",
        "|---" * (len(runbooks) + 1) + "|",
    ]
    for scenario in scenarios:
        cells = [_shown(found.get((scenario, runbook))) for runbook in runbooks]
        lines.append(f"| **{scenario}** | " + " | ".join(cells) + " |")
    lines += [
        "",
        "## Its own runbook",
        "",
        "| drill | detected after | by | mitigated after | score |",
        "|---|---|---|---|---|",
    ]
    for scenario in scenarios:
        own = found.get((scenario, scenario))
        if own is not None and own.card is not None:
            lines.append(_own(scenario, own.card))
    lines += ["", "## Every cell", ""]
    for outcome in outcomes:
        mark = "as expected" if not outcome.wrong else "NOT as expected: " + "; ".join(outcome.wrong)
        cell = outcome.cell
        lines.append(f"- {cell.scenario} × {cell.runbook}: {cell.expect}. {cell.why} *{mark}*")
    return "\n".join(lines) + "\n"


def _shown(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not run"
    if outcome.wrong or outcome.card is None:
        return f"✗ {outcome.cell.expect} expected"
    card = outcome.card
    after = _since_impact(card, Milestone.MITIGATED)
    if after is None:
        return "not mitigated" if card.recovery is not Recovery.TEMPORARY else "for a while only"
    return f"✓ {humane(after)}{', degraded' if card.recovery is Recovery.DEGRADED else ''}"


def _own(scenario: str, card: Scorecard) -> str:
    detected, mitigated = _since_impact(card, Milestone.DETECTED), _since_impact(card, Milestone.MITIGATED)
    times = [humane(seconds) if seconds is not None else "never" for seconds in (detected, mitigated)]
    return f"| {scenario} | {times[0]} | {card.detected_by or '–'} | {times[1]} | {card.score:g} {card.grade} |"


def _since_impact(card: Scorecard, milestone: Milestone) -> float | None:
    impact, moment = card.milestones.get(Milestone.FIRST_IMPACT), card.milestones.get(milestone)
    return None if impact is None or moment is None else moment - impact


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="one scenario's row")
    parser.add_argument("--write", type=Path, default=DOCUMENT, help="where the table is written (whole runs only)")
    arguments = parser.parse_args()
    cells = [cell for cell in read_cells() if arguments.only in (None, cell.scenario)]
    began, outcomes = time.monotonic(), []
    with workbench() as bench:
        for cell in cells:
            outcome = run_cell(bench, cell)
            outcomes.append(outcome)
            mark = "ok  " if not outcome.wrong else "FAIL"
            print(
                f"{mark} {cell.scenario:<22} × {cell.runbook:<22} {_shown(outcome):<24} {outcome.seconds:5.1f} s",
                flush=True,
            )
            for line in outcome.wrong:
                print(f"       {line}", flush=True)
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    print(f"\n{len(outcomes)} cells in {time.monotonic() - began:.0f} s, {wrong} not as expected")
    if arguments.only is None:
        arguments.write.write_text(document(outcomes), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
