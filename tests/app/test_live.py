"""What each role sees of a drill as it happens; how that is printed is for tests/cli/test_live.py."""

from __future__ import annotations

import pytest

from drills.app.access import TERMINAL, Caller, Role
from drills.app.live import TRUTH, FirstImpact, Follower, Happened, Sight, WellAgain
from drills.model import events as ev
from tests.scoring.timelines import by_a_person, rolled_back


def seen(caller: Caller, *, blind: bool) -> list[Sight]:
    follower = Follower(caller, blind=blind)
    return [sight for event in rolled_back().events for sight in follower.follow(event)]


def truths(sights: list[Sight]) -> list[Sight]:
    return [each for each in sights if not isinstance(each, Happened) or isinstance(each.event, TRUTH)]


@pytest.mark.parametrize(
    "caller", [TERMINAL, Caller(Role.RESPONDER), Caller(Role.OBSERVER), Caller(Role.REVIEWER)], ids=str
)
def test_of_a_blind_drill_nobody_beside_its_facilitator_follows_the_truth(caller: Caller) -> None:
    blind = seen(caller, blind=True)
    assert truths(blind) == []
    assert [sight.event for sight in blind if isinstance(sight, Happened) and isinstance(sight.event, ev.AlertFired)]
    assert truths(seen(caller, blind=False))


def test_a_facilitator_elsewhere_follows_all_of_a_blind_drill() -> None:
    assert seen(Caller(Role.FACILITATOR), blind=True) == seen(TERMINAL, blind=False)


def test_the_measured_moments_are_seen_once_each_and_in_their_order() -> None:
    measured = [each for each in seen(TERMINAL, blind=False) if isinstance(each, FirstImpact | WellAgain)]
    assert [type(each) for each in measured] == [FirstImpact, WellAgain]
    assert measured[0].t < measured[1].t


def test_of_what_differs_between_scenarios_the_blind_learn_only_that_it_happened() -> None:
    sights = [each for each in seen(TERMINAL, blind=True) if isinstance(each, Happened)]
    bare = {type(each.event) for each in sights if each.bare}
    assert bare == {ev.TrafficStarted, ev.SteadyStateHeld}


def test_what_responders_do_is_seen_by_all_who_follow() -> None:
    events = by_a_person().events
    follower = Follower(Caller(Role.OBSERVER), blind=True)
    followed = [each.event for event in events for each in follower.follow(event) if isinstance(each, Happened)]
    said = [event for event in events if event.by is ev.Actor.RESPONDER]
    assert said
    assert [event for event in followed if event.by is ev.Actor.RESPONDER] == said
