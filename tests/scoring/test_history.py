"""What many drills say together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drills.model.events import EndReason, ResponderKind
from drills.model.playbook import Milestone
from drills.model.scorecard import DrillResult, Scorecard
from drills.scoring.history import (
    Freshness,
    compare,
    freshness,
    predecessor_of,
    times_to_acknowledge,
    times_to_mitigate,
)
from drills.scoring.score import score
from tests.scoring.timelines import BEGAN, by_a_person, drill, rolled_back


def on_day(card: Scorecard, day: int, **changes: object) -> Scorecard:
    """That scorecard, of a drill on another day."""
    when = {"drill_id": f"INC-{day}", "ended_at": card.ended_at + timedelta(days=day)}
    return card.model_copy(update={**when, **changes})


def unmitigated() -> Scorecard:
    made = drill(ResponderKind.PERSON).baseline().fault().suffering(60, "checkout").alert(9.0, "SEV2")
    return score(made.ended(EndReason.LIMIT_REACHED).timeline())


GOOD = score(rolled_back().timeline())


def test_a_scenario_that_was_run_within_the_quarter_is_fresh() -> None:
    (age,) = freshness(["bad-deploy"], [GOOD], BEGAN + timedelta(days=90))
    assert age.freshness is Freshness.FRESH


def test_a_scenario_that_was_not_run_for_a_quarter_is_stale() -> None:
    (age,) = freshness(["bad-deploy"], [GOOD], BEGAN + timedelta(days=100))
    assert (age.freshness, age.last_run) == (Freshness.STALE, GOOD.ended_at)


def test_a_drill_that_proved_nothing_refreshes_nothing() -> None:
    invalid = on_day(GOOD, 99, result=DrillResult.INVALID)
    assert freshness(["bad-deploy"], [GOOD, invalid], BEGAN + timedelta(days=100))[0].freshness is Freshness.STALE


def test_a_scenario_that_was_never_run_is_said_to_be_so() -> None:
    assert freshness(["slow-query"], [GOOD], BEGAN)[0].freshness is Freshness.NEVER


def test_the_predecessor_is_the_last_scored_drill_of_the_same_scenario() -> None:
    others = [
        on_day(GOOD, 1),
        on_day(GOOD, 3),
        on_day(GOOD, 4, scenario="slow-query"),
        on_day(GOOD, 5, result=DrillResult.ABORTED),
        on_day(GOOD, 9),
    ]
    found = predecessor_of("bad-deploy", others, GOOD.ended_at + timedelta(days=8))
    assert found is not None
    assert found.drill_id == "INC-3"
    assert found.milestones[Milestone.MITIGATED] == pytest.approx(13.7)


def test_a_comparison_tells_what_came_earlier_and_what_was_not_reached() -> None:
    predecessor = predecessor_of("bad-deploy", [on_day(GOOD, -30)], GOOD.started_at)
    assert predecessor is not None
    changes = {change.milestone: change for change in compare(unmitigated(), predecessor)}
    assert changes[Milestone.DETECTED].seconds == pytest.approx(3.8 - 5.2)
    assert changes[Milestone.MITIGATED].now is None
    assert changes[Milestone.MITIGATED].seconds is None
    assert not {Milestone.INJECTED, Milestone.FIRST_IMPACT} & changes.keys()


def test_what_was_not_reached_is_kept_apart_and_never_averaged_as_zero() -> None:
    (times,) = times_to_mitigate([GOOD, on_day(unmitigated(), 1)])
    assert times.level == "SEV2"
    assert times.mean == times.median == pytest.approx(13.7)
    (censored,) = times.censored
    assert censored.seconds == pytest.approx(59.8)


def test_severities_are_never_averaged_together() -> None:
    outage = drill().baseline().fault().suffering(20).action().well(12).alert(9.0).acknowledged(9.5).ended()
    levels = [times.level for times in times_to_mitigate([GOOD, score(outage.timeline())])]
    assert levels == ["SEV1", "SEV2"]


def test_the_mean_time_to_acknowledge_has_its_median_and_its_points() -> None:
    person = score(by_a_person().timeline())
    (times,) = times_to_acknowledge([GOOD, on_day(person, 1), on_day(person, 2)])
    assert [point.seconds for point in times.points] == pytest.approx([0.1, 1.6, 1.6])
    assert times.median == pytest.approx(1.6)
    assert times.mean == pytest.approx(1.1)


def test_times_are_of_any_range_of_dates() -> None:
    cards = [on_day(GOOD, day) for day in range(10)]
    (times,) = times_to_mitigate(cards, GOOD.ended_at + timedelta(days=2), GOOD.ended_at + timedelta(days=5))
    assert [point.drill_id for point in times.points] == ["INC-2", "INC-3", "INC-4"]
