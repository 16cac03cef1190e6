"""On random drills the naive scoring and the real one say the same, row by row."""

from __future__ import annotations

import pytest

from drills.scoring.score import score
from tests.scripted.cards import as_said, as_scored, differences, in_all
from tests.scripted.generating import timelines
from tests.scripted.naive import naive_card


def disagreements(count: int, seed: int) -> list[str]:
    """The first drills on which they differ, each with what differs."""
    found = []
    for name, timeline, measured in timelines(count, seed):
        wrong = differences(in_all(as_said(naive_card(timeline, measured))), as_scored(score(timeline)))
        found += [f"{name}: {'; '.join(wrong)}"] if wrong else []
        if len(found) == 5:
            break
    return found


@pytest.mark.timeout(600)
def test_naive_and_real_scoring_agree() -> None:
    assert disagreements(72, seed=15) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_naive_and_real_scoring_agree_on_a_thousand_drills() -> None:
    assert disagreements(1000, seed=2) == []


def test_generated_drills_are_of_every_kind() -> None:
    """Without this, agreement could be had by drills that are all missed at zero."""
    cards = [naive_card(timeline, measured) for _, timeline, measured in timelines(200, seed=15)]
    assert {card.result for card in cards} == {"met", "missed"}
    assert len({round(card.score) for card in cards}) > 40
    assert {line.verdict for card in cards for line in card.lines} == {"met", "missed", "not-required"}
    kinds = {kind for card in cards for kind, points in card.deductions if points}
    assert kinds == {"false alarm", "premature", "wrong cause", "wrong level", "commander", "hint"}
