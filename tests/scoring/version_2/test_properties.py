"""What must hold of every score by version 2, whatever the drill. DRILLS_MANY=1 tries a hundred thousand drills."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drills.model.scorecard import DrillResult, Scorecard
from drills.model.timeline import Timeline
from drills.scoring.score import score
from tests.scoring.version_1.test_scoring_properties import Told, outages, stories

EACH = 14_000 if os.environ.get("DRILLS_MANY") else 3
#: A score of such a drill takes a tenth of a second and more: so few by default.
few = settings(max_examples=EACH, deadline=None, suppress_health_check=list(HealthCheck))
pytestmark = pytest.mark.timeout(36_000 if os.environ.get("DRILLS_MANY") else 300)

SAID = ("acknowledged", "severity", "commander", "update", "cause", "decided", "checked", "all_clear")
#: Acts whose time counts, and that stay right when they are earlier.
TIMED = ("acknowledged", "severity", "commander", "update", "cause", "checked")


def card(story: Told) -> Scorecard:
    return score(story.drill().timeline(), rules=2)


def points(of: Scorecard) -> float:
    assert of.score is not None
    return of.score


def right(story: Told) -> Told:
    return replace(story, right_cause=True, right_level=True)


@few
@given(stories, st.sampled_from(TIMED), st.floats(0.1, 40.0))
def test_doing_what_is_right_earlier_never_lowers_a_score(story: Told, what: str, sooner: float) -> None:
    story = right(story)
    t, begins = getattr(story, what), min(story.alert or 35.2, 35.2)
    if t is None or t < begins:
        return
    moved = replace(story, **{what: max(begins, round(t - sooner, 1))})
    assert points(card(moved)) >= points(card(story)) - 0.02


@few
@given(stories, st.sampled_from((*TIMED, "all_clear")))
def test_leaving_out_what_was_rightly_done_never_raises_a_score(story: Told, what: str) -> None:
    story = right(story)
    if getattr(story, what) is None or (what == "all_clear" and card(story).premature_all_clear):
        return
    assert points(card(replace(story, **{what: None}))) <= points(card(story)) + 0.02


@few
@given(stories)
def test_saying_nothing_is_never_better_than_honest_mistakes(story: Told) -> None:
    silent = replace(story, hints=0, **dict.fromkeys(SAID))
    assert points(card(silent)) <= points(card(replace(story, decided=None))) + 0.02


@few
@given(stories, outages, outages)
def test_a_later_repair_never_raises_a_score(story: Told, one: int, other: int) -> None:
    story = replace(story, all_clear=None, decided=None)
    soon, late = (points(card(replace(story, outage=seconds))) for seconds in sorted((one, other)))
    assert late <= soon + 0.02


@few
@given(stories, st.sampled_from(TIMED))
def test_a_tenth_of_a_second_changes_a_score_by_a_point_at_most(story: Told, what: str) -> None:
    t = getattr(story, what)
    others = {getattr(story, name) for name in (*SAID, "alert") if name != what} - {None}
    if t is None or t >= 88.0 or any(t - 0.2 <= other <= t + 0.2 for other in others):
        return
    begins, moved = min(story.alert or 35.2, 35.2), round(t + 0.1, 1)
    if t < begins <= moved:
        return
    assert abs(points(card(story)) - points(card(replace(story, **{what: moved})))) <= 1.0


@few
@given(stories)
def test_met_means_a_score_of_seventy_and_points_within_their_weights(story: Told) -> None:
    of = card(story)
    assert 0.0 <= points(of) <= 100.0
    assert all(0.0 <= row.points <= row.weight for row in of.rows)
    assert (of.result is DrillResult.MET) == (not of.why_not)
    assert of.result is not DrillResult.MET or points(of) >= 70.0


@few
@given(stories, st.randoms(use_true_random=False))
def test_the_order_in_which_events_arrive_is_irrelevant(story: Told, chance: random.Random) -> None:
    first, *rest = story.drill().events
    shuffled = list(rest)
    chance.shuffle(shuffled)
    again = Timeline(event.model_copy(update={"seq": number}) for number, event in enumerate([first, *shuffled]))
    assert score(again, rules=2).score == card(story).score
