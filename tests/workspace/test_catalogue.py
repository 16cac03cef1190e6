"""The included drills: each has what a person needs to practise it, and what proves that its runbook is the one."""

from __future__ import annotations

import re

import pytest

from drills.core.playbook import Milestone
from drills.core.scenario import Truth
from drills.included import included_root
from drills.responders.runbook_file import Runbook, parse_runbook
from drills.workspace.workspace import Workspace
from proofs.cells import Expected, read_cells

WORKSPACE = Workspace.load(included_root())
SCENARIOS = {name: WORKSPACE.scenario(name) for name in WORKSPACE.scenarios}
BROKEN = [name for name, scenario in SCENARIOS.items() if not scenario.is_control]
CELLS = read_cells()
HORIZONS = ("Less than 5 minutes", "5 to 30 minutes", "More than 30 minutes")


def truth_of(name: str) -> Truth:
    truth = SCENARIOS[name].truth
    assert truth is not None
    return truth


def runbook_of(name: str) -> Runbook:
    path = WORKSPACE.runbook_path(name)
    assert path is not None
    return parse_runbook(path.read_text(encoding="utf-8"))


def test_there_is_a_drill_in_which_nothing_is_broken() -> None:
    assert [name for name, scenario in SCENARIOS.items() if scenario.is_control] == ["quiet"]


@pytest.mark.parametrize("name", BROKEN)
def test_the_cause_stands_among_plausible_ones_and_hints_lead_to_it(name: str) -> None:
    truth = truth_of(name)
    assert len(truth.among) >= 5
    assert len(set(truth.among)) == len(truth.among)
    assert len(SCENARIOS[name].hints) == 3


@pytest.mark.parametrize("name", BROKEN)
def test_the_story_gives_nothing_away(name: str) -> None:
    story = SCENARIOS[name].story.lower()
    assert name.replace("-", " ") not in story
    assert truth_of(name).cause.replace("-", " ") not in story


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_drill_calls_a_cause_is_one_that_some_drill_has(name: str) -> None:
    known = {truth_of(other).cause for other in BROKEN}
    assert set(truth_of(name).among) <= known


@pytest.mark.parametrize("name", BROKEN)
def test_its_runbook_is_whole(name: str) -> None:
    runbook = runbook_of(name)
    assert runbook.missing_sections() == ()
    text = (WORKSPACE.scenario_dir(name) / "runbook.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (.+)$", text, re.MULTILINE)[:3] == list(HORIZONS)


@pytest.mark.parametrize("name", BROKEN)
def test_its_runbook_looks_then_names_the_cause_then_decides_then_acts_then_verifies(name: str) -> None:
    blocks = runbook_of(name).blocks
    named = next(i for i, block in enumerate(blocks) if block.attributes.milestone is Milestone.CAUSE_NAMED)
    decided = next(i for i, block in enumerate(blocks) if block.attributes.decision)
    acted = next(i for i, block in enumerate(blocks) if not block.attributes.read_only and i != decided)
    verified = next(i for i, block in enumerate(blocks) if block.name == "verify")
    assert blocks[named].attributes.cause == truth_of(name).cause
    assert named <= decided < acted < verified
    assert all(block.attributes.read_only for block in blocks[:decided])
    assert blocks[verified].attributes.read_only


@pytest.mark.parametrize("name", BROKEN)
def test_it_was_said_beforehand_what_its_own_runbook_nobody_and_two_tempting_ones_come_to(name: str) -> None:
    cells = [cell for cell in CELLS if cell.scenario == name]
    expected = {cell.kind: cell.expect for cell in cells}
    assert expected["own"] is Expected.REMEDY
    assert expected["none"] is Expected.INEFFECTIVE
    assert sum(cell.kind == "other" for cell in cells) >= 2
