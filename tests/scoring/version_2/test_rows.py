"""Every row of a person with both sides of its limit: done in time, done late, and not done."""

from __future__ import annotations

import pytest

from drills.model.events import EndReason, ResponderKind
from drills.model.playbook import Audience
from drills.model.scorecard import Row, Scorecard, Verdict
from drills.scoring.score import score
from drills.scoring.version_2.curves import done, left_open, ordered
from tests.scoring.timelines import Drill, drill
from tests.scoring.version_1.test_scoring_properties import hasty

#: Users suffer from 5.2 s on; the alert of 10 s is the detection, R.
RESPONSE, START = 10.0, 5.2


def outage(seconds: int = 60, *, until: int = 120) -> Drill:
    made = drill(ResponderKind.PERSON, playbook=hasty()).baseline().fault().suffering(seconds, "checkout")
    return made.action(seconds=0.5).well(until - 5 - seconds).alert(RESPONSE)


def card(made: Drill) -> Scorecard:
    return score(made.ended(EndReason.LIMIT_REACHED).timeline(), rules=2)


def row(made: Drill, label: str) -> Row:
    (found,) = [row for row in card(made).rows if row.label == label]
    return found


@pytest.mark.parametrize(
    ("x", "share"),
    [(0.0, 1.0), (25.0, 1.0), (25.1, 0.9996), (100.0, 0.7), (100.1, 0.69965), (200.0, 0.35), (300.0, 0.0)],
)
def test_a_duty_that_is_done_loses_its_points_by_and_by(x: float, share: float) -> None:
    assert done(x, 100.0) == pytest.approx(share)


@pytest.mark.parametrize(("x", "share"), [(25.0, 1.0), (100.0, 0.7), (100.1, 0.6993), (150.0, 0.35), (200.0, 0.0)])
def test_a_duty_that_is_left_open_is_worth_nothing_at_twice_its_limit(x: float, share: float) -> None:
    assert left_open(x, 100.0) == pytest.approx(share)


@pytest.mark.parametrize(("x", "share"), [(0.0, 1.0), (100.0, 1.0), (150.0, 0.5), (200.0, 0.0), (900.0, 0.0)])
def test_what_is_not_better_for_being_early_is_whole_up_to_its_limit(x: float, share: float) -> None:
    assert ordered(x, 100.0) == pytest.approx(share)


def test_a_limit_without_time_is_kept_at_once_or_not() -> None:
    assert [curve(x, 0.0) for curve in (done, left_open, ordered) for x in (0.0, 0.1)] == [1.0, 0.0] * 3


ACTS = {
    "Acknowledged": lambda made, t: made.acknowledged(t),
    "Severity declared": lambda made, t: made.severity("SEV1", t),
    "Commander named": lambda made, t: made.commander(t),
    "First update": lambda made, t: made.update(t),
    "Status page": lambda made, t: made.update(t, Audience.STATUS_PAGE),
    "Triage: Look at what changed": lambda made, t: made.checked(3, t),
}


@pytest.mark.parametrize("label", ACTS)
def test_each_duty_is_met_up_to_its_limit_and_missed_a_moment_later(label: str) -> None:
    act = ACTS[label]
    limit = row(outage(), label).limit
    assert limit is not None
    in_time, late = (row(act(outage(), RESPONSE + limit + more), label) for more in (0.0, 0.1))
    assert (in_time.verdict, in_time.margin) == (Verdict.MET, 1.0)
    assert in_time.points == pytest.approx(0.7 * in_time.weight, abs=0.01)
    assert late.verdict is Verdict.MISSED
    assert in_time.points - late.points <= 0.05


@pytest.mark.parametrize("label", ["Acknowledged", "Severity declared", "First update", "Status page", "All clear"])
def test_what_is_always_asked_and_not_done_earns_nothing_however_soon_the_drill_ends(label: str) -> None:
    for until in (35, 120):
        found = row(outage(12, until=until), label)
        assert (found.verdict, found.points) == (Verdict.MISSED, 0.0)


@pytest.mark.parametrize("label", ["Commander named", "Triage: Look at what changed"])
def test_a_duty_with_a_deadline_is_not_asked_before_it_and_missed_after_it(label: str) -> None:
    limit = row(outage(8), label).limit
    assert limit is not None
    before, after = (row(outage(8).all_clear(RESPONSE + limit + more), label) for more in (0.0, 0.1))
    assert before.verdict is Verdict.NOT_REQUIRED
    assert before.points == pytest.approx(0.7 * before.weight, abs=0.01)
    assert after.verdict is Verdict.MISSED
    assert 0.0 < before.points - after.points <= 0.1


def test_what_is_said_before_the_response_begins_has_to_be_said_again() -> None:
    early = outage().acknowledged(9.9).severity("SEV1", 9.9).commander(9.9).update(9.9)
    assert card(early).score == card(outage()).score


def test_a_second_alert_that_pages_is_acknowledged_by_itself() -> None:
    paging = hasty().model_dump(mode="json")
    for level in paging["levels"]:
        level["urgency"] = "high"
    made = drill(ResponderKind.PERSON, playbook=type(hasty()).model_validate(paging)).baseline().fault()
    made = made.suffering(60, "checkout").action(seconds=0.5).well(55).alert(RESPONSE).acknowledged(11.0)
    second = made.alert(40.0, key="latency")
    assert row(made, "Acknowledged").verdict is Verdict.MET
    assert row(second, "Acknowledged").verdict is Verdict.MISSED
    assert row(second.acknowledged(45.0), "Acknowledged").verdict is Verdict.MET
    assert row(second.resolved(44.0, key="latency"), "Acknowledged").points > 0


def test_a_cause_counts_as_it_was_named_last() -> None:
    assert row(outage().cause("missing-index", 20.0).cause("bad-deploy", 30.0), "Cause named").points == 10.0
    assert row(outage().cause("bad-deploy", 20.0).cause("missing-index", 30.0), "Cause named").points == 0.0
