"""`drills export` and `drills score`: a drill's events leave the workspace, and are scored without one."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from drills.model.events import ResponderKind
from drills.model.scorecard import DrillResult
from drills.scoring.score import score
from drills.store.store import Store
from drills.workspace.timeline_file import timeline_lines
from drills.workspace.workspace import Workspace
from tests.cli.typed import drills_here, one_line
from tests.scoring.timelines import rolled_back


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "drill.jsonl"
    path.write_text("\n".join(timeline_lines(rolled_back().timeline())), encoding="utf-8")
    return path


def test_a_file_is_scored_where_there_is_no_workspace(file: Path) -> None:
    said = drills_here("score", file.name, "--json", folder=file.parent)
    card = score(rolled_back().timeline())
    assert json.loads(said.stdout)["score"] == card.score
    assert said.returncode == (0 if card.result is DrillResult.MET else 1)


def test_what_the_score_is_computed_from_is_printed(file: Path) -> None:
    said = drills_here("score", file.name, folder=file.parent)
    card = score(rolled_back().timeline())
    assert card.arithmetic in said.stdout
    assert f"{card.rows[0].points:g} of {card.rows[0].weight:g}" in said.stdout


def test_another_playbook_has_other_limits_and_its_own_words_for_levels(file: Path) -> None:
    card = json.loads(drills_here("score", file.name, "--json", "--playbook", "slurpy", folder=file.parent).stdout)
    assert card["playbook"] == "slurpy"
    assert card["severity"]["true_level"] in ("P0", "P1", "P2", "P3")
    assert card["severity"]["declared"] in (None, "P0", "P1", "P2", "P3")


def test_a_playbook_may_be_a_file(file: Path, tmp_path: Path) -> None:
    source = Workspace.load(tmp_path).root / "playbooks" / "nutriprofile.yaml"
    (tmp_path / "own.yaml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    by_file = drills_here("score", file.name, "--json", "--playbook", "own.yaml", folder=tmp_path)
    by_name = drills_here("score", file.name, "--json", "--playbook", "nutriprofile", folder=tmp_path)
    assert by_file.stdout == by_name.stdout


def test_the_rules_can_be_chosen_and_are_named(file: Path) -> None:
    said = drills_here("score", file.name, "--json", "--rules", "1", folder=file.parent)
    assert json.loads(said.stdout)["rules_version"] == 1
    unknown = drills_here("score", file.name, "--rules", "99", folder=file.parent)
    assert unknown.returncode == 2
    assert one_line(unknown).startswith("version 99 of the rules is not known; choose of 1")


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    said = drills_here("score", "nothing.jsonl", folder=tmp_path)
    assert said.returncode == 2
    assert one_line(said) == "nothing.jsonl: there is no such file; write it, or correct the name"


def test_what_is_exported_is_scored_as_the_drill_was(tmp_path: Path) -> None:
    with closing(Store.open(Workspace.load(tmp_path).store_url)) as store:
        record = store.begin_drill(scenario="bad-deploy", sandbox="default", responder=ResponderKind.RUNBOOK)
        for event in rolled_back().events:
            store.append(record.drill_id, event)
        store.end_unscored(record.drill_id, DrillResult.ABORTED)
    assert drills_here("export", record.drill_id, "-o", "out.jsonl", folder=tmp_path).returncode == 0
    exported = drills_here("export", record.drill_id, folder=tmp_path).stdout
    assert exported == (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    again = json.loads(drills_here("score", "out.jsonl", "--json", folder=tmp_path).stdout)
    assert again["score"] == score(rolled_back().timeline()).score
