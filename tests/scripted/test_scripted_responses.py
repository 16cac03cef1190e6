"""Scripted responses in several playbooks: the card worked out by hand, the naive and the real scoring agree.

Each card was written from the playbook's document and docs/scoring.md before any code was run on its timeline.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from drills.model.scorecard import Scorecard, Verdict
from drills.model.timeline import Timeline
from drills.scoring.score import score
from drills.workspace.timeline_file import read_timeline, timeline_lines
from tests.scripted.building import build, read_script
from tests.scripted.cards import as_said, as_scored, by_hand, differences, in_all, names, read_card, script_path
from tests.scripted.naive import naive_card


@lru_cache
def scripted(name: str) -> Timeline:
    return build(read_script(script_path(name)))


@pytest.mark.parametrize("name", names())
def test_the_naive_scoring_says_what_was_worked_out_by_hand(name: str) -> None:
    assert differences(by_hand(name), as_said(naive_card(scripted(name)))) == []


@pytest.mark.parametrize("name", names())
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


def changed(name: str, *acts: list[Any], truth: dict[str, Any] | None = None) -> Scorecard:
    """A scripted response with more acts, or with another truth, as it is scored."""
    script = read_script(script_path(name))
    scenario = {**script.get("scenario", {}), **({} if truth is None else {"truth": truth})}
    return score(build({**script, "acts": [*script["acts"], *acts], "scenario": scenario}))


@pytest.mark.parametrize("act", [[45, "all-clear"], [45, "update", "team", "resolved"]])
def test_what_is_said_to_be_over_before_the_response_began_costs_nothing(act: list[Any]) -> None:
    card, plain = changed("fast-and-right/fastapi", act), changed("fast-and-right/fastapi")
    assert (card.score, card.deductions, card.premature_all_clear) == (plain.score, (), False)


def test_a_case_of_which_no_rule_speaks_is_not_asked_whatever_is_right_in_the_scenario() -> None:
    card = changed("fast-and-right/fastapi", truth={"right-choices": ["rollback"]})
    (row,) = [row for row in card.rows if row.label.startswith("Decision")]
    assert (row.verdict, row.points) == (Verdict.NOT_REQUIRED, 5.0)


def test_where_no_silence_counted_the_cadence_shown_is_that_of_the_first_update_due() -> None:
    (row,) = [row for row in changed("fast-and-right/nutriprofile").rows if row.label == "Update cadence"]
    assert (row.limit, row.actual, row.limit_says) == (900.0, 0.0, "every 15 m")


def test_a_cadence_in_business_days_says_so() -> None:
    (row,) = [row for row in changed("over-a-weekend/nutriprofile").rows if row.label == "Update cadence"]
    assert (row.verdict, row.limit_says) == (Verdict.NOT_REQUIRED, "every business day")
