from drills.model.playbook import Milestone
from drills.model.scorecard import Scorecard
from drills.reporting.sections.lifecycle import stages
from tests.reporting import example

IMPACT = {Milestone.INJECTED: 20.0, Milestone.FIRST_IMPACT: 22.0}


def told(milestones: dict[Milestone, float]) -> list[tuple[str, str]]:
    card: Scorecard = example.scorecard(milestones=milestones)
    return [(stage.name, stage.took) for stage in stages(example.timeline(), card)]


def test_each_phase_begins_where_the_one_before_ended() -> None:
    reached = {
        Milestone.DETECTED: 27.0,
        Milestone.SEVERITY_DECLARED: 30.0,
        Milestone.CAUSE_NAMED: 35.0,
        Milestone.MITIGATED: 50.0,
        Milestone.ALL_CLEAR: 60.0,
    }
    assert told(IMPACT | reached) == [
        ("Detect", "5.0 s"), ("Triage", "3.0 s"), ("Investigate", "5.0 s"), ("Mitigate", "15.0 s"),
        ("Resolve", "10.0 s"),
    ]  # fmt: skip


def test_a_phase_that_was_passed_over_is_left_out() -> None:
    reached = {Milestone.DETECTED: 27.0, Milestone.MITIGATED: 50.0}
    assert told(IMPACT | reached) == [("Detect", "5.0 s"), ("Mitigate", "23.0 s")]


def test_a_runbook_that_acknowledges_has_triaged() -> None:
    reached = {Milestone.DETECTED: 27.0, Milestone.ACKNOWLEDGED: 28.0, Milestone.MITIGATED: 50.0}
    assert told(IMPACT | reached) == [("Detect", "5.0 s"), ("Triage", "1.0 s"), ("Mitigate", "22.0 s")]


def test_an_unmitigated_drill_ends_in_an_open_phase() -> None:
    assert told(IMPACT) == [("Detect", "open (38.5 s)")]
    assert told(IMPACT | {Milestone.DETECTED: 27.0, Milestone.CAUSE_NAMED: 40.5}) == [
        ("Detect", "5.0 s"), ("Investigate", "13.5 s"), ("Mitigate", "open (20.0 s)"),
    ]  # fmt: skip


def test_what_came_before_users_suffered_took_no_time() -> None:
    reached = {Milestone.DETECTED: 21.0, Milestone.MITIGATED: 50.0}
    assert told(IMPACT | reached) == [("Detect", "0.0 s"), ("Mitigate", "28.0 s")]


def test_a_premature_all_clear_resolves_nothing() -> None:
    reached = {Milestone.DETECTED: 27.0, Milestone.CAUSE_NAMED: 30.0, Milestone.ALL_CLEAR: 40.0}
    assert [name for name, _ in told(IMPACT | reached)] == ["Detect", "Investigate", "Mitigate"]
    assert [name for name, _ in told(IMPACT | {Milestone.POST_MORTEM: 40.0})] == ["Detect"]


def test_without_a_user_who_suffered_there_is_no_lifecycle() -> None:
    assert told({}) == []
    assert told({Milestone.INJECTED: 20.0, Milestone.DETECTED: 24.0}) == []
