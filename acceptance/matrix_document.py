"""Writes docs/scenario-matrix.md from the kept outcomes of the matrix's drills.

python -m acceptance.matrix_document
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from acceptance.harness import ROOT
from acceptance.inputs import Inputs, WorkspaceInputs, changed
from acceptance.matrix import shown
from acceptance.matrix_cells import MatrixCell, read_cells
from acceptance.outcome import Outcome, Standing, read_outcomes, standing
from drills import __version__
from drills.model.durations import humane

DOCUMENT = ROOT / "docs" / "scenario-matrix.md"
DRIVERS = {"compose": "docker-compose sandbox", "local": "local sandbox"}

HEAD = """\
# What each runbook does for each drill

Every cell is a real drill (`make matrix`), scored by the playbook of this workspace (drills {version}). The expected
verdict and its reason were written down beforehand, in `acceptance/expectations.yaml`. A mitigation is measured: users
are served again, under the same load as before. Only a remedy or an equivalent earns one. After every cell the
sandbox's state is compared with its state before, field by field; a difference makes the cell wrong.

- **remedy**: repairs the cause, or is the answer that the scenario asks for; **equivalent**: has the same effect.
- **temporary**: users are served for a while, and suffer again; **ineffective**: they suffer throughout.
- **not scored**: the drill is not valid, because what it measures by is gone.

Each outcome keeps digests of what its drill was made of: the scenario, the runbook, the probes, the playbook,
drills.yaml (without the schedule and other keys that change no drill), the source of the included system, the
expectation, and the version of the scoring rules. **current**: none of them has changed since. **stale**: some have,
and the outcome says nothing about the present files. `make matrix` runs cells that are stale or were not run.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell of a driver: what it gave, if it was run there, and what it would be run with now."""

    cell: MatrixCell
    outcome: Outcome | None
    inputs: Inputs

    @property
    def standing(self) -> Standing:
        return standing(self.outcome, self.inputs)

    @property
    def run(self) -> str:
        """The day of the run, and whether it is stale."""
        if self.outcome is None:
            return ""
        return f"{self.outcome.at:%Y-%m-%d}" + (", stale" if self.standing is Standing.STALE else "")

    @property
    def changed(self) -> Sequence[str]:
        """Which inputs are others than those of the run; none of a cell that was not run."""
        if self.outcome is None:
            return ()
        return changed(self.outcome.inputs, self.inputs) if self.outcome.inputs else ("inputs were not recorded",)


def document(entries: Mapping[str, Sequence[Entry]]) -> str:
    """The whole page, as Markdown; `entries` are those of each driver, in the order of the cells."""
    lines = [HEAD.format(version=__version__)]
    for driver, title in DRIVERS.items():
        if any(entry.outcome for entry in entries.get(driver, ())):
            lines += [f"## On the {title}", "", *_summary(entries[driver]), *_tables(entries[driver])]
    return "\n".join(lines).rstrip() + "\n"


def _summary(entries: Sequence[Entry]) -> Iterable[str]:
    counted = Counter(entry.standing for entry in entries)
    yield "| cells | how many | run on |"
    yield "|---|---|---|"
    for stands in Standing:
        days = sorted({f"{e.outcome.at:%Y-%m-%d}" for e in entries if e.standing is stands and e.outcome})
        yield f"| {stands} | {counted[stands]} | {' to '.join(dict.fromkeys([*days[:1], *days[-1:]]))} |"
    run = [entry.outcome for entry in entries if entry.outcome]
    wrong = sum(bool(outcome.wrong) for outcome in run)
    said = f"The drills took {humane(sum(outcome.seconds for outcome in run))} in all; {wrong} were not as expected."
    reasons = Counter(name for entry in entries for name in entry.changed)
    if reasons:
        said += f" Stale because of: {', '.join(f'{name} ({count})' for name, count in sorted(reasons.items()))}."
    if len(run) < len(entries):
        said += " The tables of other runbooks and of cheap recoveries show those that were run."
    yield from ("", said, "")


def _tables(entries: Sequence[Entry]) -> Iterable[str]:
    nobody = {entry.cell.scenario: entry for entry in entries if entry.cell.kind == "none"}
    yield from ("### Its own runbook, and nobody", "")
    yield "| drill | detected by | after first impact | its runbook | score | run | nobody answers | run |"
    yield "|---|---|---|---|---|---|---|---|"
    for entry in entries:
        if entry.cell.kind == "own":
            yield _own(entry, nobody[entry.cell.scenario])
    others = [_other(entry, entry.outcome) for entry in entries if entry.cell.kind == "other" and entry.outcome]
    if others:
        yield from ("", "### Tempting other runbooks", "")
        yield "| drill | runbook | expected | why | what it gave | what it changed | run |"
        yield from ("|---|---|---|---|---|---|---|", *others)
    cheap = [_cheap(entry) for entry in entries if entry.cell.kind == "cheap" and entry.outcome]
    if cheap:
        yield from ("", "### Cheap recoveries", "")
        yield "| drill | recovery | expected | what it gave | run |"
        yield from ("|---|---|---|---|---|", *cheap)
    yield ""


def _own(own: Entry, nobody: Entry) -> str:
    outcome, detected, score = own.outcome, "| ", ""
    if outcome is not None:
        after = "never" if outcome.detected_after is None else _moment(outcome.detected_after)
        detected = f"{outcome.detected_by or '–'} | {after}"
        score = "–" if outcome.score is None else f"{outcome.score:g} {outcome.grade}"
    gave = f"{_gave(outcome)} | {score} | {own.run} | {_gave(nobody.outcome)} | {nobody.run}"
    return f"| **{own.cell.scenario}** | {detected} | {gave} |"


def _moment(seconds: float) -> str:
    """After the first user impact; monitoring may have been the first."""
    return humane(seconds) if seconds >= 0 else f"{humane(-seconds)} before"


def _other(entry: Entry, outcome: Outcome) -> str:
    cell = entry.cell
    changes = "<br>".join(f"`{_cell(command)}`" for command in outcome.changed) or "nothing"
    gave = f"{_cell(cell.why)} | {_gave(outcome)} | {changes} | {entry.run}"
    return f"| {cell.scenario} | {cell.runbook} | {cell.expect} | {gave} |"


def _cheap(entry: Entry) -> str:
    cell = entry.cell
    return f"| {cell.scenario} | {cell.runbook} | {cell.expect} | {_gave(entry.outcome)} | {entry.run} |"


def _gave(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not run"
    return shown(outcome) + (f": {_cell('; '.join(outcome.wrong))}" if outcome.wrong else "")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("`", "'").split())


def read_entries(driver: str) -> list[Entry]:
    """The cells of a driver as they stand to the present files."""
    outcomes, inputs = read_outcomes(driver), WorkspaceInputs(ROOT, driver)
    return [Entry(cell, outcomes.get((cell.scenario, cell.runbook)), inputs.of(cell)) for cell in read_cells()]


def main() -> int:
    entries = {driver: read_entries(driver) for driver in DRIVERS}
    DOCUMENT.write_text(document(entries), encoding="utf-8")
    counted = Counter(entry.standing for of_driver in entries.values() for entry in of_driver)
    print(f"{DOCUMENT.relative_to(ROOT)}: {', '.join(f'{counted[stands]} {stands}' for stands in Standing)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
