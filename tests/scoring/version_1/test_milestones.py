"""When the milestones of a drill were reached, and what was raised or declared that should not have been."""

from __future__ import annotations

import pytest

from drills.impact.assessment import assess
from drills.model.playbook import Audience, Milestone
from drills.scoring.version_1.milestones import Milestones, find_milestones
from tests.scoring.timelines import QUIET, Drill, by_a_person, drill, scenario


def of(made: Drill, *, corrections: bool = True) -> Milestones:
    timeline = made.timeline()
    return find_milestones(timeline, assess(timeline), corrections=corrections)


def outage() -> Drill:
    """Checkout fails from 7.2 s to 26.9 s; the fault is injected at 5 s."""
    return drill().baseline().fault().well(2).suffering(20, "checkout")


def test_every_milestone_is_found_at_its_moment() -> None:
    made = by_a_person().update(21.0, Audience.STATUS_PAGE)
    assert {name.value: t for name, t in of(made).reached.items()} == {
        "injected": 5.0,
        "first-impact": pytest.approx(7.2),
        "detected": 12.4,
        "acknowledged": 14.0,
        "severity-declared": 16.0,
        "commander-named": 18.0,
        "first-update": 20.0,
        "status-page": 21.0,
        "cause-named": 38.0,
        "mitigated": pytest.approx(36.9),
        "all-clear": 49.0,
        "post-mortem": 50.0,
    }


def test_an_alert_before_the_fault_is_a_false_alarm_and_no_detection() -> None:
    found = of(outage().alert(4.0))
    assert found.at(Milestone.DETECTED) is None
    assert len(found.false_alarms) == 1


def test_an_alert_about_what_was_open_before_the_fault_is_no_detection() -> None:
    assert of(outage().alert(4.0).alert(9.0, number=2)).at(Milestone.DETECTED) is None


def test_an_alert_that_was_resolved_and_fires_again_is_a_detection() -> None:
    assert of(outage().alert(3.0).resolved(4.0).alert(9.0, number=2)).at(Milestone.DETECTED) == 9.0


def test_another_alert_is_a_detection_though_one_was_open_before() -> None:
    assert of(outage().alert(4.0).alert(9.0, key="latency")).at(Milestone.DETECTED) == 9.0


def test_an_alert_before_the_steady_state_may_have_been_right() -> None:
    early = drill().well(20).baseline().fault().suffering(10).alert(3.0)
    assert of(early).false_alarms == ()


def test_an_acknowledgement_before_the_fault_is_of_something_else() -> None:
    assert of(outage().acknowledged(4.0)).at(Milestone.ACKNOWLEDGED) is None


def test_an_all_clear_while_users_still_fail_is_premature() -> None:
    found = of(outage().all_clear(20.0).action(26.5).well(12))
    assert found.premature == (20.0,)
    assert found.at(Milestone.ALL_CLEAR) is None


def test_only_an_all_clear_after_the_recovery_counts() -> None:
    found = of(outage().all_clear(20.0).action(26.5).well(12).all_clear(38.0))
    assert found.premature == (20.0,)
    assert found.at(Milestone.ALL_CLEAR) == 38.0


def test_an_all_clear_in_the_middle_of_a_restart_is_premature() -> None:
    found = of(outage().action(26.5).well(6).all_clear(32.0).suffering(3, "checkout").well(12))
    assert found.premature == (32.0,)


def test_an_all_clear_before_a_relapse_was_right_when_it_was_declared_but_does_not_end_the_incident() -> None:
    found = of(outage().action(26.5).well(15).all_clear(40.0).suffering(8, "checkout").well(12))
    assert found.premature == ()
    assert found.at(Milestone.ALL_CLEAR) is None


def test_a_recovery_by_itself_is_no_mitigation() -> None:
    assert of(outage().well(30)).at(Milestone.MITIGATED) is None


def test_a_claim_is_no_mitigation() -> None:
    claimed = outage().action(20.0).all_clear(21.0).corrected(Milestone.MITIGATED, 21.0, 60.0)
    assert of(claimed).at(Milestone.MITIGATED) is None


def test_a_correction_counts_and_the_original_is_kept() -> None:
    made = by_a_person().corrected(Milestone.ACKNOWLEDGED, 12.9, 60.0)
    assert of(made).at(Milestone.ACKNOWLEDGED) == 12.9
    assert of(made).corrected == {Milestone.ACKNOWLEDGED}
    assert of(made, corrections=False).at(Milestone.ACKNOWLEDGED) == 14.0


def test_what_comes_after_the_end_is_not_scored_but_a_post_mortem_is() -> None:
    made = outage().alert(9.0).ended().acknowledged(60.0).post_mortem(90.0)
    assert of(made).at(Milestone.ACKNOWLEDGED) is None
    assert of(made).at(Milestone.POST_MORTEM) == 90.0


def test_an_alert_or_a_declared_incident_in_a_control_drill_is_a_false_alarm() -> None:
    quiet = drill(scenario=QUIET).baseline().well(30)
    assert of(quiet).false_alarms == ()
    assert [alarm.t for alarm in of(quiet.alert(12.0).severity("SEV3", 14.0)).false_alarms] == [12.0, 14.0]


def test_where_no_user_is_to_be_affected_an_all_clear_needs_no_recovery() -> None:
    made = drill(scenario=scenario(users_affected=False)).baseline().fault().well(20).all_clear(20.0)
    assert of(made).at(Milestone.ALL_CLEAR) == 20.0
    assert of(made).premature == ()
