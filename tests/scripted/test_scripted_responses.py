"""Scripted responses in several playbooks: the card worked out by hand, the naive and the real scoring agree.

Each card was written from the playbook's document and docs/scoring.md before any code was run on its timeline.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from drills.model.timeline import Timeline
from drills.scoring.score import score
from drills.workspace.timeline_file import read_timeline, timeline_lines
from tests.scripted.building import build, read_script
from tests.scripted.cards import as_said, as_scored, by_hand, differences, in_all, names, read_card, script_path
from tests.scripted.naive import naive_card

#: Cards that the real scoring does not have yet: a second incident's impact; a cadence in business days.
NOT_YET = ("two-incidents/fastapi", "two-incidents/pagerduty", "over-a-weekend/nutriprofile")


@lru_cache
def scripted(name: str) -> Timeline:
    return build(read_script(script_path(name)))


@pytest.mark.parametrize("name", names())
def test_the_naive_scoring_says_what_was_worked_out_by_hand(name: str) -> None:
    assert differences(by_hand(name), as_said(naive_card(scripted(name)))) == []


@pytest.mark.parametrize("name", [name for name in names() if name not in NOT_YET])
def test_the_scorecard_of_an_exported_drill_is_the_one_worked_out_by_hand(name: str, tmp_path: Path) -> None:
    file = tmp_path / "timeline.jsonl"
    file.write_text("\n".join(timeline_lines(scripted(name))), encoding="utf-8")
    card = score(read_timeline(file))
    hand = read_card(name)
    assert differences(in_all(by_hand(name)), as_scored(card)) == []
    assert card.original_score == hand.get("original")
    assert card.recovery == hand.get("recovery", card.recovery)


def test_every_row_of_a_card_names_the_document_s_line() -> None:
    for name in names():
        for label, cells in read_card(name)["rows"].items():
            assert cells[5:], f"{name}: {label} does not say what it rests on"
