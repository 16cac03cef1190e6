"""What many drills say together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drills.model.events import EndReason, ResponderKind
from drills.model.playbook import Milestone
from drills.model.scorecard import DrillResult, Scorecard
from drills.scoring.history import compare, predecessor_of
from drills.scoring.score import score
from tests.scoring.timelines import drill, rolled_back


def on_day(card: Scorecard, day: int, **changes: object) -> Scorecard:
    """That scorecard, of a drill on another day."""
    when = {"drill_id": f"INC-{day}", "ended_at": card.ended_at + timedelta(days=day)}
    return card.model_copy(update={**when, **changes})


def unmitigated() -> Scorecard:
    made = drill(ResponderKind.PERSON).baseline().fault().suffering(60, "checkout").alert(9.0, "SEV2")
    return score(made.ended(EndReason.LIMIT_REACHED).timeline())


GOOD = score(rolled_back().timeline())


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
