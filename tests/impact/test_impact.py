"""What users suffered and whether they are well again."""

from __future__ import annotations

import pytest

from drills.impact.assessment import assess
from drills.model.events import BaselineTaken, EndReason, ResponderKind, RouteSecond
from drills.model.scorecard import Recovery
from tests.scoring.timelines import QUIET, Drill, drill, rolled_back


def outage(responder: ResponderKind = ResponderKind.RUNBOOK) -> Drill:
    """Five seconds of baseline, a fault at 5 s, checkout failing from 7.2 s to 26.9 s."""
    return drill(responder).baseline().fault().well(2).suffering(20, "checkout")


def test_the_first_impact_is_the_exact_time_of_the_first_suffering_request() -> None:
    assert assess(outage().timeline()).first_impact == pytest.approx(7.2)


def test_the_mitigation_is_the_exact_time_of_the_last_suffering_request() -> None:
    impact = assess(outage().action(26.5).well(12).timeline())
    assert impact.settled_since == pytest.approx(26.9)
    assert impact.recovered_at == pytest.approx(26.9)
    assert impact.recovery is Recovery.FULL


def test_users_are_impacted_now_while_a_route_fails() -> None:
    impact = assess(outage().timeline())
    assert impact.impacted_now
    assert impact.suffering_now == ("checkout",)
    assert impact.settled_since is None


def test_an_instant_of_health_in_the_middle_of_a_restart_is_no_recovery() -> None:
    impact = assess(outage().action(26.5).well(6).suffering(3, "checkout").well(4).timeline())
    assert impact.settled_since is None
    assert impact.relapses == 0


def test_a_repair_that_takes_its_time_to_settle_is_not_punished_for_settling() -> None:
    soon = assess(outage().action(26.5).well(11).timeline())
    late = assess(outage().action(26.5).well(60).timeline())
    assert soon.settled_since == late.settled_since == pytest.approx(26.9)


def test_nothing_is_settled_before_the_settle_time_has_passed() -> None:
    impact = assess(outage().action(26.5).well(9).timeline())
    assert impact.well_since == pytest.approx(26.9)
    assert impact.settled_since is None


def test_one_stray_failure_is_not_an_impact() -> None:
    stray = drill().baseline().fault()
    one = {"checkout": RouteSecond(ok=5, failed=1), "home": RouteSecond(ok=8), "orders": RouteSecond(ok=6)}
    assert assess(stray.second(one, first=5.4, last=5.4).well(9).timeline()).first_impact is None


def test_a_stray_failure_after_the_repair_does_not_unsettle_users() -> None:
    one = {"checkout": RouteSecond(ok=5, failed=1), "home": RouteSecond(ok=8), "orders": RouteSecond(ok=6)}
    after = outage().action(26.5).well(8).second(one, first=35.4, last=35.4).well(6)
    assert assess(after.timeline()).settled_since == pytest.approx(26.9)


def test_stopping_the_traffic_is_no_recovery() -> None:
    impact = assess(outage().action(26.5).silence(30).timeline())
    assert impact.settled_since is None
    assert impact.recovery is Recovery.NONE


def test_half_of_the_load_is_no_recovery() -> None:
    half = {"home": RouteSecond(ok=4), "orders": RouteSecond(ok=3), "checkout": RouteSecond(ok=3)}
    calm = outage().action(26.5)
    for _ in range(30):
        calm = calm.second(half, planned=10, started=10)
    assert assess(calm.timeline()).settled_since is None


def test_scaling_to_zero_is_no_recovery() -> None:
    assert assess(outage().action(26.5).suffering(30, takes=0.001).timeline()).settled_since is None


def test_a_health_endpoint_that_answers_while_orders_fail_is_no_recovery() -> None:
    half = drill().baseline().fault().suffering(10).action(14.0).suffering(40, "orders")
    assert assess(half.timeline()).settled_since is None


def test_a_route_that_is_no_longer_offered_is_no_recovery() -> None:
    without = {"home": RouteSecond(ok=14), "orders": RouteSecond(ok=6)}
    calm = outage().action(26.5)
    for _ in range(30):
        calm = calm.second(without)
    assert assess(calm.timeline()).settled_since is None


def test_requests_that_nobody_answers_are_suffering() -> None:
    stalled = assess(drill().baseline().fault().stalled(20).timeline())
    assert stalled.impacted_now
    assert stalled.first_impact == pytest.approx(7.1)


def test_slow_answers_are_suffering() -> None:
    slow = assess(drill().baseline().fault().suffering(10, "orders", slow=True).timeline())
    assert slow.suffering_now == ("orders",)
    assert slow.totals.slow == 60


def test_a_recovery_without_an_action_is_nobodys_merit() -> None:
    impact = assess(outage(ResponderKind.NONE).well(30).timeline())
    assert impact.settled_since == pytest.approx(26.9)
    assert impact.recovery is Recovery.SELF
    assert impact.recovered_at is None


def test_checking_is_not_repairing() -> None:
    assert assess(outage().action(20.0, read_only=True).well(30).timeline()).recovery is Recovery.SELF


def test_an_action_after_the_recovery_is_no_merit() -> None:
    assert assess(outage().well(30).action(40.0).timeline()).recovery is Recovery.SELF


def test_an_action_before_the_fault_is_no_merit() -> None:
    assert assess(outage().action(2.0).well(30).timeline()).recovery is Recovery.SELF


def test_a_fallback_is_a_degraded_recovery() -> None:
    impact = assess(outage().action(26.5).well(12, degraded="home").timeline())
    assert impact.recovery is Recovery.DEGRADED
    assert impact.degraded == 1.0
    assert impact.recovered_at == pytest.approx(26.9)


def test_a_relapse_makes_the_recovery_temporary() -> None:
    impact = assess(outage().action(26.5).well(15).suffering(8, "checkout").timeline())
    assert impact.recovery is Recovery.TEMPORARY
    assert impact.relapses == 1
    assert impact.recovered_at is None


def test_a_second_recovery_after_a_relapse_counts_from_the_second() -> None:
    impact = assess(outage().action(26.5).well(15).suffering(8, "checkout").action(49.5).well(12).timeline())
    assert impact.recovery is Recovery.FULL
    assert impact.recovered_at == pytest.approx(49.9)


def test_missing_seconds_of_traffic_prove_nothing() -> None:
    assert "not measured for 6.0 s" in (assess(outage().unmeasured(6).well(12).timeline()).problem or "")


def test_a_pause_of_the_reports_is_forgiven() -> None:
    assert assess(outage().unmeasured(2).well(12).timeline()).problem is None


def test_a_generator_that_died_before_the_end_proves_nothing() -> None:
    late = outage().action(26.5).well(12).ended(EndReason.LIMIT_REACHED, t=60.0)
    assert "not measured" in (assess(late.timeline()).problem or "")


def test_a_generator_behind_its_plan_while_the_app_answers_well_proves_nothing() -> None:
    lagging = drill().baseline().fault()
    for _ in range(3):
        lagging = lagging.second({"home": RouteSecond(ok=20)}, lag=2.0)
    assert "behind its plan" in (assess(lagging.timeline()).problem or "")


def test_users_who_suffered_already_before_the_fault_prove_nothing() -> None:
    sick = drill().suffering(5, "checkout")
    sick = sick.add(BaselineTaken, since=0.0, until=5.0)
    assert "already before the fault" in (assess(sick.fault().well(5).timeline()).problem or "")


def test_without_a_baseline_nothing_is_said() -> None:
    assert assess(drill().well(5).timeline()).baseline is None


def test_a_control_drill_has_no_impact() -> None:
    impact = assess(drill(scenario=QUIET).baseline().well(30).timeline())
    assert impact.injected is None
    assert impact.first_impact is None
    assert not impact.impacted_now


def test_traffic_after_the_end_of_the_drill_is_not_judged() -> None:
    over = outage().action(26.5).well(12).ended()
    assert assess(over.suffering(20).timeline()).settled_since == pytest.approx(26.9)


def test_totals_count_what_users_asked_since_the_fault() -> None:
    impact = assess(rolled_back().timeline()).totals
    assert (impact.requests, impact.failed) == (28 * 20, 14 * 6)
    assert impact.by_route == {"checkout": 84}
    assert impact.errors == {"500": 84}
    assert impact.users_suffered == 9
    assert impact.seconds == pytest.approx(13.7)
