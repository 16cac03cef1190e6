"""The cells of the matrix: a drill, the runbook that answers it, and what was expected beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import yaml

from acceptance.harness import ROOT

EXPECTATIONS = ROOT / "acceptance" / "expectations.yaml"
RUNBOOKS = ROOT / "acceptance" / "runbooks"
NOBODY = "none"


class Expected(StrEnum):
    REMEDY = "remedy"
    EQUIVALENT = "equivalent"
    TEMPORARY = "temporary"
    INEFFECTIVE = "ineffective"
    NOT_SCORED = "not-scored"

    @property
    def credited(self) -> bool:
        return self in (Expected.REMEDY, Expected.EQUIVALENT)


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """`runbook` is a scenario's name, `none`, or the name of a file in acceptance/runbooks.

    One of the probes in `noticed_by` must raise an alert, if monitoring still works. A cell that is `alone` uses the
    whole of a small machine and would slow down drills that run at the same time. A runbook that `changes_nothing`
    finds out that it is the wrong one, and stops before it acts. `workspace` is the folder whose scenarios/ has both.
    """

    scenario: str
    runbook: str
    expect: Expected
    why: str
    cheap: bool = False
    noticed_by: frozenset[str] = frozenset()
    alone: bool = False
    changes_nothing: bool = False
    workspace: Path = ROOT

    @property
    def kind(self) -> str:
        """`own`, `none`, `cheap` (a recovery that must earn nothing) or `other`."""
        if self.runbook == self.scenario:
            return "own"
        if self.runbook == NOBODY:
            return "none"
        return "cheap" if self.cheap else "other"

    @property
    def file(self) -> Path:
        """The runbook that answers: one of acceptance/runbooks before a scenario's own of the same name."""
        ours = RUNBOOKS / f"{self.runbook}.md"
        own = self.workspace / "scenarios" / self.runbook / "runbook.md"
        return ours if self.workspace == ROOT and ours.is_file() else own

    @property
    def answer(self) -> list[str]:
        """The options of `drills run` that make this runbook answer."""
        if self.kind == "none":
            return ["--responder", "none"]
        return ["--runbook", str(self.file) if self.file.parent == RUNBOOKS else self.runbook]


def read_cells(path: Path = EXPECTATIONS) -> tuple[MatrixCell, ...]:
    """The expectations in the order of the file, then each cheap recovery for each of its scenarios."""
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    noticed = {scenario: frozenset(probes) for scenario, probes in read["noticed-by"].items()}
    cells = [
        MatrixCell(
            c["scenario"],
            c["runbook"],
            Expected(c["expect"]),
            c["why"],
            noticed_by=noticed[c["scenario"]],
            changes_nothing=c.get("changes") == "nothing",
        )
        for c in read["cells"]
    ]
    scenarios = list(dict.fromkeys(cell.scenario for cell in cells))
    alone = frozenset(read["alone"])
    return tuple(replace(cell, alone=cell.scenario in alone) for cell in (*cells, *_cheap(read["cheap"], scenarios)))


def _cheap(recoveries: list[dict[str, str]], scenarios: list[str]) -> Iterator[MatrixCell]:
    for recovery in recoveries:
        for scenario in scenarios:
            yield MatrixCell(scenario, recovery["runbook"], Expected(recovery["expect"]), recovery["why"], cheap=True)
