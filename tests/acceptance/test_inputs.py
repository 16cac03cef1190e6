"""Which changes make the outcome of a cell stale."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance.harness import ROOT
from acceptance.inputs import WorkspaceInputs, changed
from acceptance.matrix_cells import NOBODY, Expected, MatrixCell

OWN = MatrixCell("database-failure", "database-failure", Expected.REMEDY, "It starts the database.")
CHEAP = MatrixCell("database-failure", "scale-to-zero", Expected.INEFFECTIVE, "Nobody is served.", cheap=True)
NONE = MatrixCell("database-failure", NOBODY, Expected.INEFFECTIVE, "Nobody acts.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("scenarios", "probes", "playbooks", "shop"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("drills.yaml", "docker-compose.yml", ".dockerignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def stale_after(
    edit: Callable[[Path], None],
    folder: Path,
    cell: MatrixCell = OWN,
    driver: str = "local",
    then: MatrixCell | None = None,
) -> list[str]:
    before = WorkspaceInputs(folder, driver).of(cell)
    edit(folder)
    return changed(before, WorkspaceInputs(folder, driver).of(then or cell))


def appending(text: str, file: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as opened:
            opened.write(text)

    return edit


def replacing(old: str, new: str, file: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")

    return edit


@pytest.mark.parametrize(
    ("edit", "stale"),
    [
        (replacing("title:", "title: Another,", "scenarios/database-failure/scenario.yaml"), ["scenario"]),
        (appending("\nMore.\n", "scenarios/database-failure/runbook.md"), ["runbook"]),
        (appending("probes: {}\n", "probes/another.yaml"), ["probes"]),
        (replacing("within: 5m", "within: 6m", "playbooks/fastapi.yaml"), ["playbook"]),
        (replacing("playbook: fastapi", "playbook: slurpy", "drills.yaml"), ["playbook", "workspace"]),
        (replacing("shop/locustfile.py", "shop/other.py", "drills.yaml"), ["workspace"]),
        (appending("\n# more\n", "shop/app.py"), ["system"]),
    ],
)
def test_a_change_of_what_the_drill_is_made_of_is_reported_by_name(
    folder: Path, edit: Callable[[Path], None], stale: list[str]
) -> None:
    assert stale_after(edit, folder) == stale


@pytest.mark.parametrize(
    "edit",
    [
        appending("# a comment\n", "scenarios/database-failure/scenario.yaml"),
        appending("# a comment\n", "probes/shop.yaml"),
        replacing("third Thursday 14:00", "first Monday 09:00", "drills.yaml"),
        replacing("driver: auto", "driver: local", "drills.yaml"),
        replacing("reports: reports", "reports: elsewhere", "drills.yaml"),
        replacing("within: 5m", "within: 6m", "playbooks/slurpy.yaml"),
        appending("\nMore.\n", "scenarios/slow-query/runbook.md"),
        appending("\n# more\n", "scenarios/slow-query/scenario.yaml"),
        appending("# The shop\n", "shop/README.md"),
        appending("\n# more\n", "docker-compose.yml"),
        appending("\n# more\n", "shop/compose/haproxy/edge.cfg"),
    ],
)
def test_what_the_drill_does_not_depend_on_makes_nothing_stale(folder: Path, edit: Callable[[Path], None]) -> None:
    assert stale_after(edit, folder) == []


@pytest.mark.parametrize("file", ["docker-compose.yml", "shop/compose/haproxy/edge.cfg", "shop/app.py"])
def test_the_containers_are_part_of_the_system_where_drills_run_on_them(folder: Path, file: str) -> None:
    assert stale_after(appending("\n# more\n", file), folder, driver="compose") == ["system"]


def test_nobodys_outcome_depends_on_no_runbook(folder: Path) -> None:
    assert stale_after(appending("\nMore.\n", "scenarios/database-failure/runbook.md"), folder, NONE) == []


def test_a_runbook_of_the_matrix_itself_is_read_where_it_is(folder: Path) -> None:
    inputs = WorkspaceInputs(folder, "local")
    assert changed(inputs.of(CHEAP), inputs.of(replace(CHEAP, runbook="scale-up"))) == ["runbook"]


@pytest.mark.parametrize(
    "then",
    [
        replace(OWN, expect=Expected.EQUIVALENT),
        replace(OWN, noticed_by=frozenset({"database"})),
        replace(OWN, changes_nothing=True),
    ],
)
def test_what_a_cell_is_held_to_is_an_input(folder: Path, then: MatrixCell) -> None:
    assert stale_after(lambda _: None, folder, then=then) == ["expectation"]


def test_the_reason_of_an_expectation_may_be_said_better(folder: Path) -> None:
    assert stale_after(lambda _: None, folder, then=replace(OWN, why="It starts what was stopped.")) == []
