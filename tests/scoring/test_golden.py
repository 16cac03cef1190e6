"""Stored drills score as they did when they were stored: the rules' version guards this."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drills.model.events import event_from_json
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.scoring.score import score

FOLDER = Path(__file__).parent / "golden"
NAMES = sorted(path.name.removesuffix(".events.jsonl") for path in FOLDER.glob("*.events.jsonl"))


def test_there_are_golden_drills() -> None:
    assert len(NAMES) >= 7


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_drill_scores_the_same_bytes(name: str) -> None:
    lines = (FOLDER / f"{name}.events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [event_from_json(line).model_copy(update={"seq": number}) for number, line in enumerate(lines)]
    expected = (FOLDER / f"{name}.scorecard.json").read_text(encoding="utf-8")
    assert score(Timeline(events)).model_dump_json(indent=1) + "\n" == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_scorecard_names_the_version_of_the_rules_that_its_drill_began_with(name: str) -> None:
    text = (FOLDER / f"{name}.scorecard.json").read_text(encoding="utf-8")
    first = (FOLDER / f"{name}.events.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert Scorecard.model_validate_json(text).rules_version == json.loads(first)["rules_version"]
