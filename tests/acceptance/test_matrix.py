"""What the matrix does on a bad day of its own: it says so in a line, and never counts as passed."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acceptance import matrix, matrix_document
from acceptance import outcome as outcomes
from acceptance.bystanders import Bystanders
from acceptance.harness import ROOT, Harness, NotStarted
from acceptance.matrix_cells import MatrixCell, read_cells
from acceptance.outcome import Outcome


class Sandboxes:
    """Harnesses of which the first ones do not start; drills on the others are as expected at once."""

    def __init__(self, failing: int, folder: Path = ROOT) -> None:
        self._failing = failing
        self._folder = folder
        self._lock = threading.Lock()
        self._open = 0
        self.conducted: list[tuple[str, str]] = []
        #: Sandboxes that were up while the drills of each kind ran: those that need to be alone, and the others.
        self.up: dict[bool, set[int]] = {True: set(), False: set()}

    @contextmanager
    def open_harness(self, driver: str) -> Iterator[Harness]:
        with self._lock:
            self._failing -= 1
            if self._failing >= 0:
                raise NotStarted("the sandbox did not start: exit 3: port 18080 is taken")
            self._open += 1
        yield Harness(self._folder)
        with self._lock:
            self._open -= 1

    def run_cell(self, harness: Harness, cell: MatrixCell, bystanders: Bystanders) -> Outcome:
        self.up[cell.alone].add(self._open)
        self.conducted.append((cell.scenario, cell.runbook))
        return Outcome(
            scenario=cell.scenario,
            runbook=cell.runbook,
            expect=cell.expect.value,
            at=datetime(2026, 1, 1, tzinfo=UTC),
            seconds=1.0,
            result="met",
        )


def short_matrix(monkeypatch: pytest.MonkeyPatch, sandboxes: Sandboxes, jobs: int) -> int:
    monkeypatch.setattr(matrix, "open_harness", sandboxes.open_harness)
    monkeypatch.setattr(matrix, "run_cell", sandboxes.run_cell)
    monkeypatch.setattr(sys, "argv", ["matrix", "--short", "--jobs", str(jobs)])
    return matrix.main()


def test_a_sandbox_that_does_not_start_is_reported_in_a_line_and_the_others_run_its_cells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandboxes = Sandboxes(failing=1)
    assert short_matrix(monkeypatch, sandboxes, jobs=3) == 1
    said = capsys.readouterr()
    assert said.err == "FAIL the sandbox did not start: exit 3: port 18080 is taken\n"
    assert sorted(sandboxes.conducted) == sorted(matrix.SHORT)


def test_cells_that_nobody_ran_are_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert short_matrix(monkeypatch, Sandboxes(failing=1), jobs=1) == 1
    assert capsys.readouterr().out.endswith(f" 0 not as expected, {len(matrix.SHORT)} not run\n")


def test_a_sandbox_that_fails_in_a_drill_says_in_which(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(harness: Harness, cell: MatrixCell, bystanders: Bystanders) -> Outcome:
        raise RuntimeError("no state: the Docker engine does not answer")

    sandboxes = Sandboxes(failing=0)
    monkeypatch.setattr(sandboxes, "run_cell", lost)
    assert short_matrix(monkeypatch, sandboxes, jobs=1) == 1
    line = "FAIL database-failure × database-failure: no state: the Docker engine does not answer\n"
    assert capsys.readouterr().err == line


def test_all_as_expected_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert short_matrix(monkeypatch, Sandboxes(failing=0), jobs=2) == 0


def test_what_takes_the_whole_machine_has_no_other_sandbox_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sandboxes = Sandboxes(failing=0)
    short_matrix(monkeypatch, sandboxes, jobs=3)
    assert sandboxes.up[True] == {1}
    assert sandboxes.up[False]


def test_the_store_of_a_drill_that_was_not_as_expected_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "ROOT", tmp_path)
    monkeypatch.setattr(matrix, "EVIDENCE", tmp_path / "build/evidence")
    (tmp_path / "harness/.drills").mkdir(parents=True)
    for name in ("drills.db", "drills.db-wal", "default.holder"):
        (tmp_path / "harness/.drills" / name).write_text(name)
    outcome = Sandboxes(0).run_cell(Harness(tmp_path / "harness"), read_cells()[0], Bystanders())
    for _ in range(2):
        kept = matrix.keep_evidence(Harness(tmp_path / "harness"), outcome)
    assert not kept.is_absolute()
    assert {file.name: file.read_text() for file in (tmp_path / kept).iterdir()} == {
        "drills.db": "drills.db",
        "drills.db-wal": "drills.db-wal",
    }


class Runs:
    """`python -m acceptance.matrix` again and again, on files that may be edited between two runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        for name in ("scenarios", "probes", "playbooks", "shop"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "drills.yaml", folder)
        monkeypatch.setattr(matrix, "ROOT", folder)
        monkeypatch.setattr(matrix_document, "ROOT", folder)
        monkeypatch.setattr(outcomes, "FOLDER", folder / "outcomes")

    def __call__(self, *options: str, wrong: tuple[str, ...] = ()) -> list[tuple[str, str]]:
        """The cells that one run conducts, of two scenarios and their own runbooks."""
        sandboxes = Sandboxes(0, self.folder)
        self._monkeypatch.setattr(matrix, "open_harness", sandboxes.open_harness)

        def run_cell(harness: Harness, cell: MatrixCell, bystanders: Bystanders) -> Outcome:
            return sandboxes.run_cell(harness, cell, bystanders).model_copy(update={"wrong": wrong})

        self._monkeypatch.setattr(matrix, "run_cell", run_cell)
        self._monkeypatch.setattr(matrix, "keep_evidence", lambda harness, outcome: harness.folder)
        only = ["--only=slow-query", "--only=bad-deploy", "--kind=own"]
        self._monkeypatch.setattr(sys, "argv", ["matrix", *only, *options])
        matrix.main()
        return sorted(sandboxes.conducted)

    def append(self, file: str, text: str) -> None:
        with (self.folder / file).open("a", encoding="utf-8") as opened:
            opened.write(text)


BOTH = [("bad-deploy", "bad-deploy"), ("slow-query", "slow-query")]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(tmp_path, monkeypatch)


def test_a_run_goes_on_where_the_files_changed(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs() == BOTH
    assert runs() == []
    runs.append("scenarios/slow-query/runbook.md", "\nMore.\n")
    capsys.readouterr()
    assert runs() == [("slow-query", "slow-query")]
    assert "2 cells on the local sandbox: 1 current, 1 stale, 0 not run; 1 to run" in capsys.readouterr().out
    runs.append("probes/shop.yaml", "\n# a comment\n")
    assert runs() == []
    runs.append("probes/another.yaml", "probes: {}\n")
    assert runs() == BOTH
    assert runs("--again") == BOTH


def test_a_cell_that_was_not_as_expected_is_run_again(runs: Runs) -> None:
    assert runs(wrong=("it was not detected",)) == BOTH
    assert runs() == BOTH
    assert runs() == []


def test_files_edited_while_a_drill_runs_make_its_outcome_stale(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox has a copy of its own, so the digests are of that copy."""
    copy = runs.folder / "copy"
    shutil.copytree(runs.folder, copy, ignore=shutil.ignore_patterns("copy"))
    runs.append("shop/app.py", "\n# more\n")
    original, runs.folder = runs.folder, copy
    assert runs() == BOTH
    runs.folder = original
    assert runs() == BOTH


def test_the_document_counts_what_is_current_stale_and_not_run(runs: Runs) -> None:
    assert runs() == BOTH
    runs.append("scenarios/slow-query/runbook.md", "\nMore.\n")
    entries = matrix_document.read_entries("local")
    said = matrix_document.document({"local": entries})
    assert "| current | 1 | 2026-01-01 |\n| stale | 1 | 2026-01-01 |\n| not run | 233 |  |" in said
    assert "Stale because of: runbook (1)." in said
    assert "| **bad-deploy** | – | never | not mitigated | – | 2026-01-01 | not run |  |" in said
    assert "| **slow-query** | – | never | not mitigated | – | 2026-01-01, stale | not run |  |" in said
    assert "| **quiet** " not in said


def test_an_outcome_whose_inputs_were_not_recorded_is_stale(runs: Runs) -> None:
    assert runs() == BOTH
    kept = outcomes.read_outcomes("local")
    outcomes.keep("local", {key: outcome.model_copy(update={"inputs": {}}) for key, outcome in kept.items()})
    said = matrix_document.document({"local": matrix_document.read_entries("local")})
    assert "Stale because of: inputs were not recorded (2)." in said
    assert runs() == BOTH
