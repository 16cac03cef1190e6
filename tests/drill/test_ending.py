"""When a drill is over, decided on nothing but its timeline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drills.drill.ending import Ending, ending
from drills.impact.assessment import assess
from drills.model.events import EndReason, ResponderKind, RouteSecond
from tests.scoring import timelines
from tests.scoring.timelines import Drill, drill

PATIENCE = 20.0
RUNBOOK, PERSON, NOBODY = ResponderKind.RUNBOOK, ResponderKind.PERSON, ResponderKind.NONE


def over(so_far: Drill, t: float | None = None) -> Ending | None:
    timeline = so_far.timeline()
    when = so_far.now if t is None else t
    return ending(timeline, assess(timeline), when, baseline_end=5.0, impact_patience=PATIENCE)


def reason(so_far: Drill, t: float | None = None) -> EndReason | None:
    found = over(so_far, t)
    return found.reason if found is not None else None


def hit(responder: ResponderKind, **changes: Any) -> Drill:
    """Checkout fails for 10 s from the 7th second on."""
    return drill(responder, scenario=timelines.scenario(**changes)).baseline().fault().well(2).suffering(10, "checkout")


def test_it_goes_on_before_anything_was_injected() -> None:
    assert reason(drill().baseline().well(60)) is None


def test_it_goes_on_while_users_suffer_within_the_limit() -> None:
    assert all(reason(hit(responder)) is None for responder in ResponderKind)


def test_a_runbook_that_is_done_and_users_who_are_well_again_end_it() -> None:
    mended = hit(RUNBOOK).runbook(("roll-back", 16.0)).well(12)
    assert reason(mended) is EndReason.RECOVERED


def test_users_who_are_well_do_not_end_it_while_the_runbook_is_at_work() -> None:
    assert reason(hit(RUNBOOK).well(12)) is None


def test_users_who_are_not_well_for_long_enough_do_not_end_it() -> None:
    assert reason(hit(RUNBOOK).runbook(("roll-back", 16.0)).well(5)) is None


def test_a_person_ends_it_by_the_all_clear_and_by_nothing_else() -> None:
    mended = hit(PERSON).action(16.0).well(12)
    assert reason(mended) is None
    assert reason(mended.all_clear()) is EndReason.RECOVERED
    assert reason(mended.well(500), t=604.0) is None


def test_a_premature_all_clear_does_not_end_it() -> None:
    assert reason(hit(PERSON).all_clear(15.0).well(12)) is None


def test_nobodys_drill_ends_when_the_limit_for_a_recovery_has_passed() -> None:
    suffering = drill(NOBODY).baseline().fault().well(2).suffering(61, "checkout")
    assert reason(suffering) is EndReason.NOTHING_MORE_TO_COME
    assert "still suffer" in over(suffering).says  # type: ignore[union-attr]


def test_the_end_names_the_routes_and_errors_that_kept_users_from_being_well() -> None:
    suffering = drill(NOBODY).baseline().fault().well(2).suffering(61, "checkout")
    said = over(suffering).says  # type: ignore[union-attr]
    assert said == (
        "the limit for a recovery has passed and users still suffer: checkout: of 60 requests 60 failed (500)"
    )
    limit = over(hit(NOBODY, limits={"duration": "10m"}, expect={}), t=605.0)
    assert limit.says.startswith("the scenario's limit of 600 s was reached: checkout: of ")  # type: ignore[union-attr]


def test_a_route_that_nobody_asks_any_more_is_named() -> None:
    """As of users who log in only once, when they begin."""
    silent = hit(NOBODY)
    for _ in range(60):
        silent = silent.second({"home": RouteSecond(ok=8), "orders": RouteSecond(ok=12)})
    said = over(silent).says  # type: ignore[union-attr]
    assert said == (
        "the limit for a recovery has passed and users have not been without errors for long enough: "
        "checkout: nobody asks it, as users did before the fault"
    )


def test_what_gets_well_by_itself_ends_nobodys_drill() -> None:
    assert reason(hit(NOBODY).well(12)) is EndReason.RECOVERED


def test_a_runbook_at_work_is_not_interrupted_by_the_scenarios_limit() -> None:
    suffering = drill(RUNBOOK).baseline().fault().well(2).suffering(70, "checkout")
    assert reason(suffering) is None
    assert reason(suffering.runbook(("useless", 70.0))) is EndReason.NOTHING_MORE_TO_COME


def test_users_who_are_getting_well_have_their_time_beyond_the_limit() -> None:
    late = drill(NOBODY).baseline().fault().well(2).suffering(60, "checkout").well(6)
    assert reason(late) is None
    assert reason(late.well(6)) is EndReason.RECOVERED


def test_a_fault_that_reaches_nobody_ends_the_drill_after_its_patience() -> None:
    unnoticed = drill().baseline().fault().well(40)
    assert reason(unnoticed, t=5.0 + PATIENCE - 0.1) is None
    ended = over(unnoticed, t=5.0 + PATIENCE)
    assert ended == Ending(EndReason.NOTHING_MORE_TO_COME, "no user was affected by the fault")


def test_a_fault_that_shall_reach_nobody_is_waited_for() -> None:
    unnoticed = drill(scenario=timelines.scenario(users_affected=False)).baseline().fault().well(100)
    assert reason(unnoticed) is None


@pytest.mark.parametrize("responder", list(ResponderKind))
def test_the_limit_ends_every_drill(responder: ResponderKind) -> None:
    suffering = hit(responder, limits={"duration": "10m"}, expect={})
    assert reason(suffering, t=604.9) is None
    assert reason(suffering, t=605.0) is EndReason.LIMIT_REACHED


def test_a_control_drill_runs_its_whole_time_whatever_is_raised() -> None:
    quiet = drill(NOBODY, scenario=timelines.QUIET).baseline().well(30).alert()
    assert reason(quiet) is None
    assert reason(quiet, t=605.0) is EndReason.CONTROL_COMPLETE


def test_a_wall_clock_that_is_set_back_changes_nothing() -> None:
    mended = hit(RUNBOOK).runbook(("roll-back", 16.0)).well(12)
    back = replace(
        mended,
        events=tuple(
            event.model_copy(update={"at": timelines.BEGAN - (event.at - timelines.BEGAN)}) for event in mended.events
        ),
    )
    assert over(back) == over(mended)
