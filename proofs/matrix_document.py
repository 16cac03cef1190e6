"""Writes docs/scenario-matrix.md from the kept outcomes of the matrix's drills.

python -m proofs.matrix_document
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from drills import __version__
from drills.model.durations import humane
from proofs.cells import Cell, read_cells
from proofs.matrix import shown
from proofs.outcome import Outcome, read_outcomes
from proofs.workbench import ROOT

DOCUMENT = ROOT / "docs" / "scenario-matrix.md"
DRIVERS = {"compose": "docker-compose sandbox", "local": "local sandbox"}

Outcomes = Mapping[tuple[str, str], Outcome]

HEAD = """\
# What each runbook does for each drill

Made from real drills (`make matrix`), scored by the playbook of this workspace (drills {version}). What was expected of
each cell, and why, was written down before: `proofs/expectations.yaml`. A mitigation is measured: users are well
again, under the load that was offered before. Only a remedy, or what comes to the same, earns one. After every cell
the sandbox's state was compared with its state before, field by field; a difference makes the cell wrong.

- **remedy**: mends the cause, or is the answer that the scenario calls for; **equivalent**: another way there.
- **temporary**: users are well for a while, and suffer again; **ineffective**: they go on suffering.
- **not scored**: the drill is not valid, because what it measures by is gone.
"""


def document(cells: Sequence[Cell], outcomes: Mapping[str, Outcomes]) -> str:
    """The whole page, as Markdown."""
    lines = [HEAD.format(version=__version__)]
    for driver, title in DRIVERS.items():
        of_driver = outcomes.get(driver, {})
        if of_driver:
            lines += [f"## On the {title}", "", *_summary(cells, of_driver), *_tables(cells, of_driver)]
    return "\n".join(lines).rstrip() + "\n"


def _summary(cells: Sequence[Cell], outcomes: Outcomes) -> list[str]:
    run = [outcomes[key] for key in ((c.scenario, c.runbook) for c in cells) if key in outcomes]
    wrong = [outcome for outcome in run if outcome.wrong]
    stale = [c for c in cells if (o := outcomes.get((c.scenario, c.runbook))) is not None and o.digest != c.digest]
    total = sum(outcome.seconds for outcome in run)
    said = f"{len(run)} of {len(cells)} cells were run, in {humane(total)} in all; {len(wrong)} were not as expected."
    if len(run) < len(cells):
        said += " The tables of other runbooks and of cheap recoveries show those that were run."
    if stale:
        names = ", ".join(f"{cell.scenario} × {cell.runbook}" for cell in stale)
        said += f" Run before their files were last changed: {names}."
    return [said, ""]


def _tables(cells: Sequence[Cell], outcomes: Outcomes) -> Iterable[str]:
    yield from ("### Its own runbook, and nobody", "")
    yield "| drill | detected by | after first impact | its runbook | score | nobody answers |"
    yield "|---|---|---|---|---|---|"
    for cell in cells:
        if cell.kind == "own":
            nobody = outcomes.get((cell.scenario, "none"))
            yield _own(cell.scenario, outcomes.get((cell.scenario, cell.runbook)), nobody)
    others = [_row(cell, found) for cell, found in _run(cells, outcomes, "other")]
    if others:
        yield from ("", "### Tempting other runbooks", "")
        yield "| drill | runbook | expected | why | what it gave | what it changed |"
        yield from ("|---|---|---|---|---|---|", *others)
    cheap = [
        f"| {c.scenario} | {c.runbook} | {c.expect} | {_gave(found)} |" for c, found in _run(cells, outcomes, "cheap")
    ]
    if cheap:
        yield from ("", "### Cheap recoveries", "")
        yield "| drill | recovery | expected | what it gave |"
        yield from ("|---|---|---|---|", *cheap)
    yield ""


def _run(cells: Sequence[Cell], outcomes: Outcomes, kind: str) -> list[tuple[Cell, Outcome]]:
    """The cells of a kind that were run, each with what it gave."""
    keyed = [(cell, outcomes.get((cell.scenario, cell.runbook))) for cell in cells if cell.kind == kind]
    return [(cell, found) for cell, found in keyed if found is not None]


def _own(scenario: str, own: Outcome | None, nobody: Outcome | None) -> str:
    if own is None:
        return f"| **{scenario}** | | | not run | | {_gave(nobody)} |"
    after = "never" if own.detected_after is None else _moment(own.detected_after)
    score = "–" if own.score is None else f"{own.score:g} {own.grade}"
    return f"| **{scenario}** | {own.detected_by or '–'} | {after} | {_gave(own)} | {score} | {_gave(nobody)} |"


def _moment(seconds: float) -> str:
    """After the first user impact; monitoring may have been the first."""
    return humane(seconds) if seconds >= 0 else f"{humane(-seconds)} before"


def _row(cell: Cell, outcome: Outcome) -> str:
    changed = "<br>".join(f"`{_cell(command)}`" for command in outcome.changed)
    why = _cell(cell.why)
    return f"| {cell.scenario} | {cell.runbook} | {cell.expect} | {why} | {_gave(outcome)} | {changed or 'nothing'} |"


def _gave(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not run"
    return shown(outcome) + (f": {_cell('; '.join(outcome.wrong))}" if outcome.wrong else "")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("`", "'").split())


def main() -> int:
    outcomes = {driver: read_outcomes(driver) for driver in DRIVERS}
    DOCUMENT.write_text(document(read_cells(), outcomes), encoding="utf-8")
    print(f"{DOCUMENT.relative_to(ROOT)}: {sum(len(of) for of in outcomes.values())} outcomes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
