"""The score of a drill."""

from __future__ import annotations

import re

import pytest

from drills.model.events import (
    ActionTaken,
    Actor,
    DrillAborted,
    DrillSkipped,
    EndReason,
    EnvironmentLost,
    FaultFailed,
    ResponderKind,
    RouteSecond,
    RunnerDied,
)
from drills.model.playbook import Audience, Choice, Milestone, Playbook
from drills.model.scorecard import Basis, DrillResult, Recovery, Row, Scorecard, Topic, Verdict
from drills.scoring.sums import grade_of
from drills.scoring.version_1.score import RULES_VERSION, score
from tests.scoring.timelines import (
    QUIET,
    SCENARIO,
    Drill,
    by_a_person,
    drill,
    playbook,
    rolled_back,
    scenario,
)


def of(made: Drill) -> Scorecard:
    return score(made.timeline())


def row(card: Scorecard, milestone: Milestone, basis: Basis, topic: Topic = Topic.MILESTONE) -> Row:
    (found,) = [r for r in card.rows if (r.milestone, r.basis, r.topic) == (milestone, basis, topic) and r.limit]
    return found


def unrepaired(seconds: int, responder: ResponderKind = ResponderKind.RUNBOOK) -> Drill:
    """Checkout fails from 5.2 s until the drill reaches its limit."""
    made = drill(responder).baseline().fault().suffering(seconds, "checkout").alert(9.0, "SEV2")
    return made.ended(EndReason.LIMIT_REACHED)


# ---- what comes of a drill ------------------------------------------------------------------------------------------


def test_a_runbook_that_repairs_in_time_meets_its_drill() -> None:
    card = of(rolled_back())
    assert card.result is DrillResult.MET
    assert (card.score, card.grade, card.rules_version) == (100.0, "A", RULES_VERSION)
    assert card.recovery is Recovery.FULL


def test_a_person_who_does_all_in_time_meets_the_drill() -> None:
    card = of(by_a_person())
    assert (card.result, card.score) == (DrillResult.MET, 100.0)


def test_a_drill_that_nobody_answers_is_never_met() -> None:
    made = drill(ResponderKind.NONE).baseline().fault().suffering(10, "checkout").well(20).alert(9.0)
    card = of(made.ended(EndReason.NOTHING_MORE_TO_COME))
    assert card.result is DrillResult.MISSED
    assert card.recovery is Recovery.SELF
    assert card.why_not == "not mitigated"
    assert Milestone.MITIGATED not in card.milestones


def test_a_drill_without_a_responder_is_not_met_by_somebody_elses_repair() -> None:
    made = drill(ResponderKind.NONE).baseline().fault().suffering(10, "checkout").action().well(12).alert(9.0).ended()
    assert of(made).result is DrillResult.MISSED
    assert of(made).recovery is Recovery.SELF


def test_what_the_facilitator_repairs_is_not_the_responders_merit() -> None:
    made = drill().baseline().fault().suffering(10, "checkout")
    made = made.add(ActionTaken, command="rollback", read_only=False, exit_status=0, seconds=1.0, by=Actor.FACILITATOR)
    assert of(made.well(12).alert(9.0).ended()).recovery is Recovery.SELF


def test_detection_without_a_limit_is_shown_and_not_measured() -> None:
    bare = scenario(expect={"mitigated-within": "1m"})
    made = drill(scenario=bare).baseline().fault().suffering(10, "checkout").action().well(12).alert(9.0).ended()
    (detected,) = [r for r in of(made).rows if r.milestone is Milestone.DETECTED]
    assert (detected.verdict, detected.actual) == (Verdict.NOT_REQUIRED, pytest.approx(3.8))
    assert of(made).result is DrillResult.MET


def test_what_was_not_mitigated_is_missed_when_the_limit_has_passed() -> None:
    mitigated = row(of(unrepaired(100)), Milestone.MITIGATED, Basis.SCENARIO)
    assert (mitigated.verdict, mitigated.censored, mitigated.points) == (Verdict.MISSED, True, 0.0)
    assert mitigated.actual == pytest.approx(99.8)


def test_what_was_not_mitigated_is_pending_while_the_limit_has_not_passed_and_the_drill_is_missed() -> None:
    card = of(unrepaired(100))
    mitigated = row(card, Milestone.MITIGATED, Basis.PLAYBOOK)
    assert (mitigated.verdict, mitigated.censored, mitigated.weight) == (Verdict.PENDING, True, 0.0)
    assert card.result is DrillResult.MISSED
    assert "not mitigated" in card.why_not


def test_a_drill_that_gives_up_early_does_not_score_well_for_it() -> None:
    soon = drill().baseline().fault().suffering(20, "checkout").alert(9.0, "SEV2").runbook(("restart", 20.0), ok=False)
    card = of(soon.ended(EndReason.NOTHING_MORE_TO_COME))
    assert card.score is not None
    assert card.score < 60


def test_a_repair_over_the_scenarios_limit_misses_and_earns_less_the_later_it_comes() -> None:
    def repaired(after: int) -> Scorecard:
        made = drill().baseline().fault().suffering(after, "checkout").action().well(12).alert(9.0, "SEV2")
        return of(made.ended())

    soon, late = repaired(70), repaired(140)
    assert soon.result is late.result is DrillResult.MISSED
    assert row(late, Milestone.MITIGATED, Basis.SCENARIO).points < row(soon, Milestone.MITIGATED, Basis.SCENARIO).points
    # 30 × ½ × 60 s ÷ 69.7 s
    assert row(soon, Milestone.MITIGATED, Basis.SCENARIO).points == 12.91


def test_a_drill_that_monitoring_never_noticed_is_not_met() -> None:
    made = drill().baseline().fault().suffering(10, "checkout").action().well(12).ended()
    card = of(made)
    assert card.result is DrillResult.MISSED
    assert "monitoring never noticed" in card.headline


def test_a_temporary_repair_is_not_credited() -> None:
    made = drill().baseline().fault().suffering(10, "checkout").action().well(15).suffering(60, "checkout").alert(9.0)
    card = of(made.ended(EndReason.LIMIT_REACHED))
    assert card.recovery is Recovery.TEMPORARY
    assert Milestone.MITIGATED not in card.milestones


def test_a_fallback_is_mitigated_and_said_to_be_degraded() -> None:
    made = drill().baseline().fault().suffering(10, "home").action().well(12, degraded="home").alert(9.0, "SEV2")
    card = of(made.ended())
    assert card.result is DrillResult.MET
    assert card.recovery is Recovery.DEGRADED
    assert "fallback" in card.recovery_says
    assert "fallback" in card.headline


# ---- drills that are not scored -------------------------------------------------------------------------------------


def well(made: Drill) -> Drill:
    return made.baseline().fault().suffering(10, "checkout").action().well(12).alert(9.0)


@pytest.mark.parametrize(
    ("made", "result", "why"),
    [
        (drill().baseline().fault().well(30).ended(), DrillResult.INVALID, "the fault reached nobody"),
        (drill().well(5).fault().suffering(9).ended(), DrillResult.INVALID, "steady state was never held"),
        (drill().baseline().well(9).ended(), DrillResult.INVALID, "no fault was applied"),
        (
            drill().baseline().add(FaultFailed, fault=0, reason="no such release"),
            DrillResult.INVALID,
            "no such release",
        ),
        (well(drill()).add(EnvironmentLost, reason="locust died"), DrillResult.INVALID, "locust died"),
        (well(drill()).unmeasured(9).ended(), DrillResult.INVALID, "not measured"),
        (well(drill()).add(DrillAborted, reason="drills stop"), DrillResult.ABORTED, "drills stop"),
        (drill().add(DrillSkipped, reason="no releases"), DrillResult.SKIPPED, "no releases"),
        (well(drill()), DrillResult.RUNNING, "not ended"),
    ],
)
def test_a_drill_that_proves_nothing_has_no_score(made: Drill, result: DrillResult, why: str) -> None:
    card = of(made)
    assert card.result is result
    assert why in card.why_not
    assert (card.score, card.grade) == (None, None)
    assert not any(r.decides and r.verdict is Verdict.MET for r in card.rows if r.censored)


def test_a_drill_names_the_routes_that_its_baseline_was_too_short_for() -> None:
    made = drill().baseline().fault()
    for _ in range(9):
        made = made.second({"home": RouteSecond(ok=9), "export": RouteSecond(failed=1)})
    why = of(made.ended()).why_not
    assert "requests of export failed" in why
    assert "nobody had made any in the baseline" in why


@pytest.mark.parametrize(("undone", "result"), [(True, DrillResult.MET), (False, DrillResult.ABORTED)])
@pytest.mark.parametrize("later", [0.0, 5.0])
def test_a_drill_whose_runner_died_is_scored_only_if_everything_was_undone(
    undone: bool, result: DrillResult, later: float
) -> None:
    whole = rolled_back()
    end = whole.timeline().ended
    died = whole.add(RunnerDied, end + later, last_sign=whole.events[-1].at, undone=undone)
    card = of(died)
    assert card.result is result
    assert card.score == (of(whole).score if undone else None)


def test_a_fault_that_was_not_verified_proves_nothing() -> None:
    made = drill().baseline().fault()
    unverified = Drill(made.events[:-1], made.now).suffering(10, "checkout").action().well(12).ended()
    assert of(unverified).result is DrillResult.INVALID


def test_what_happens_while_undoing_does_not_make_a_drill_invalid() -> None:
    assert of(rolled_back().add(EnvironmentLost, 60.0, reason="port taken")).result is DrillResult.MET


def test_a_scenario_may_say_that_no_user_is_affected() -> None:
    calm = scenario(users_affected=False)
    made = drill(scenario=calm).baseline().fault().well(20).alert(9.0, "SEV3").ended()
    assert of(made).result is DrillResult.MET


# ---- control drills -------------------------------------------------------------------------------------------------


def test_silence_in_a_control_drill_is_a_full_score() -> None:
    card = of(drill(scenario=QUIET).baseline().well(30).ended(EndReason.CONTROL_COMPLETE))
    assert (card.result, card.score, card.false_alarms) == (DrillResult.MET, 100.0, 0)


def test_an_alert_in_a_control_drill_is_a_false_alarm_and_misses_it() -> None:
    card = of(drill(scenario=QUIET).baseline().well(30).alert(20.0).ended(EndReason.CONTROL_COMPLETE))
    assert (card.result, card.score, card.false_alarms) == (DrillResult.MISSED, 45.0, 1)


# ---- rows -----------------------------------------------------------------------------------------------------------


def test_the_limits_are_those_of_the_true_level_not_of_the_declared_one() -> None:
    card = of(by_a_person().severity("SEV1", 17.0))
    assert card.severity.true_level == "SEV2"
    assert row(card, Milestone.ACKNOWLEDGED, Basis.PLAYBOOK).limit == 900.0


def test_every_row_names_the_line_of_the_document_that_it_comes_from() -> None:
    assert all(r.source for r in of(by_a_person()).rows)
    assert row(of(by_a_person()), Milestone.ACKNOWLEDGED, Basis.PLAYBOOK).source == "line 7"


def test_the_playbook_decides_for_a_person_and_the_scenario_for_a_runbook() -> None:
    person = {(r.milestone, r.basis) for r in of(by_a_person()).rows if r.decides}
    runbook = {(r.milestone, r.basis) for r in of(rolled_back()).rows if r.decides}
    assert runbook == {(Milestone.DETECTED, Basis.SCENARIO), (Milestone.MITIGATED, Basis.SCENARIO)}
    assert (Milestone.ACKNOWLEDGED, Basis.PLAYBOOK) in person
    assert (Milestone.DETECTED, Basis.SCENARIO) in person


def test_a_runbook_is_not_asked_for_what_only_a_person_can_do() -> None:
    bare = drill().baseline().fault().suffering(10, "checkout").action().well(12).alert(9.0, "SEV2").ended()
    card = of(bare)
    assert row(card, Milestone.ACKNOWLEDGED, Basis.PLAYBOOK).verdict is Verdict.NOT_REQUIRED
    assert card.score == 100.0


def test_a_limit_without_a_number_is_shown_and_not_measured() -> None:
    mild = drill().baseline().fault().suffering(12, "checkout", share=0.34).action().well(12).alert(9.0, "SEV3").ended()
    only = playbook(thresholds=[{"level": "SEV3", "when": "error_rate > 0.01", "for_": "5s", "source": "line 16"}])
    started = mild.events[0].model_copy(update={"playbook": only})
    card = of(Drill((started, *mild.events[1:]), mild.now))
    (next_sprint,) = [r for r in card.rows if r.limit_says == "next sprint"]
    assert (next_sprint.verdict, next_sprint.limit) == (Verdict.NOT_REQUIRED, None)


def test_a_post_mortem_that_is_not_due_yet_is_pending() -> None:
    total = drill(ResponderKind.PERSON).baseline().fault().suffering(20).action().well(12).alert(9.0)
    card = of(total.ended())
    assert card.severity.true_level == "SEV1"
    assert row(card, Milestone.POST_MORTEM, Basis.PLAYBOOK).verdict is Verdict.PENDING


def test_an_acknowledgement_before_the_alert_took_no_time() -> None:
    early = by_a_person().acknowledged(8.0)
    assert row(of(early), Milestone.ACKNOWLEDGED, Basis.PLAYBOOK).actual == 0.0


def test_the_response_counts_from_detection_when_that_came_in_time() -> None:
    acknowledged = row(of(by_a_person()), Milestone.ACKNOWLEDGED, Basis.PLAYBOOK)
    assert (acknowledged.counted_from, acknowledged.actual) == ("detection", pytest.approx(1.6))


def test_a_late_detection_buys_nobody_time() -> None:
    made = drill(ResponderKind.PERSON).baseline().fault().suffering(60, "checkout").action().well(12)
    card = of(made.alert(50.0, "SEV2").acknowledged(51.0).ended())
    acknowledged = row(card, Milestone.ACKNOWLEDGED, Basis.PLAYBOOK)
    assert (acknowledged.counted_from, acknowledged.actual) == ("first impact", pytest.approx(45.8))


def test_a_status_page_is_asked_for_where_the_level_says_so() -> None:
    total = drill(ResponderKind.PERSON).baseline().fault().suffering(20).action().well(12).alert(9.0)
    assert row(of(total.ended()), Milestone.STATUS_PAGE, Basis.PLAYBOOK).verdict is Verdict.PENDING
    told = of(total.update(15.0, Audience.STATUS_PAGE).ended())
    assert row(told, Milestone.STATUS_PAGE, Basis.PLAYBOOK).verdict is Verdict.MET
    assert not any(r.milestone is Milestone.STATUS_PAGE for r in of(by_a_person()).rows)


def test_a_long_silence_between_updates_is_missed() -> None:
    made = drill(ResponderKind.PERSON, playbook=_hasty()).baseline().fault().suffering(60, "checkout").action().well(12)
    made = made.alert(9.0, "SEV2").acknowledged(10.0)
    (late,) = [r for r in of(made.update(12.0).update(55.0).ended()).rows if r.topic is Topic.UPDATE_CADENCE]
    # The first update is due at 19 s; nothing came until 55 s.
    assert (late.verdict, late.actual) == (Verdict.MISSED, 36.0)
    often = made.update(12.0).update(26.0).update(35.0).update(44.0).update(53.0).update(62.0).update(71.0)
    (timely,) = [r for r in of(often.ended()).rows if r.topic is Topic.UPDATE_CADENCE]
    assert timely.verdict is Verdict.MET


def test_triage_steps_are_rows_that_say_which_were_done_in_their_minute() -> None:
    done = {r.label: r.verdict for r in of(by_a_person()).rows if r.topic is Topic.TRIAGE}
    assert done == {
        "Triage: Acknowledge the alert": Verdict.MET,
        "Triage: Look at what changed": Verdict.MET,
    }


def test_phases_are_rows_that_say_which_were_met() -> None:
    slurpy = playbook(
        phases=[
            {"name": "Detection", "by": "5m", "ends_with": "acknowledged", "source": "line 30"},
            {"name": "Mitigation", "by": "10s", "ends_with": "mitigated", "source": "line 31"},
            {"name": "Post-mortem", "by": "48h", "ends_with": "post-mortem", "source": "line 32"},
            {"name": "Bridge", "by": "1m", "ends_with": "all-clear", "levels": ["SEV1"], "source": "line 33"},
        ]
    )
    made = by_a_person()
    events = [e for e in made.events if e.kind != "post-mortem-drafted"]
    phased = Drill((events[0].model_copy(update={"playbook": slurpy}), *events[1:]), made.now)
    verdicts = {r.label: r.verdict for r in of(phased).rows if r.topic is Topic.PHASE}
    assert verdicts == {
        "Phase: Detection": Verdict.MET,
        "Phase: Mitigation": Verdict.MISSED,
        "Phase: Post-mortem": Verdict.PENDING,
    }


# ---- conclusions ----------------------------------------------------------------------------------------------------


def test_a_wrong_cause_costs_and_does_not_count_as_named() -> None:
    events = tuple(e for e in by_a_person().events if e.kind != "cause-named")
    wrong = Drill(events, 51.0).cause("missing-index", 38.0)
    card = of(wrong)
    (named,) = [r for r in card.rows if r.milestone is Milestone.CAUSE_NAMED]
    assert card.cause_right is False
    assert named.verdict is Verdict.MISSED
    assert [d.points for d in card.deductions] == [5.0]


def test_the_last_cause_that_was_named_is_the_one_that_counts() -> None:
    assert of(by_a_person().cause("missing-index", 30.0)).cause_right is True
    assert of(by_a_person().cause("missing-index", 45.0)).cause_right is False


def test_rolling_back_soon_after_a_deployment_is_right_by_the_playbook() -> None:
    (decision,) = [r for r in of(by_a_person()).rows if r.topic is Topic.DECISION]
    assert (decision.verdict, decision.source) == (Verdict.MET, "line 19")


def test_deciding_to_fix_after_a_deployment_is_wrong_and_costs() -> None:
    events = tuple(e for e in by_a_person().events if e.kind != "decided")
    card = of(Drill(events, 51.0).decided(Choice.FIX, 30.0, fix_minutes=2.0, cause_known=True))
    assert [d.points for d in card.deductions] == [5.0]
    assert "the playbook says rollback" in card.deductions[0].reason


def test_a_short_fix_is_right_where_nothing_was_deployed() -> None:
    made = drill(ResponderKind.PERSON).baseline().fault(kind="drop-index").suffering(10, "orders").action().well(12)
    card = of(made.alert(9.0, "SEV2").decided(Choice.FIX, 10.0, fix_minutes=2.0).ended())
    (decision,) = [r for r in card.rows if r.topic is Topic.DECISION]
    assert (decision.verdict, decision.source) == (Verdict.MET, "line 20")


def test_an_unknown_time_to_fix_means_rolling_back() -> None:
    made = drill(ResponderKind.PERSON).baseline().fault(kind="drop-index").suffering(10, "orders").action().well(12)
    card = of(made.alert(9.0, "SEV2").decided(Choice.FIX, 10.0).ended())
    (decision,) = [r for r in card.rows if r.topic is Topic.DECISION]
    assert (decision.verdict, decision.source) == (Verdict.MISSED, "line 21")


def test_a_scenario_may_allow_another_choice() -> None:
    truth = SCENARIO.truth.model_dump() | {"right_choices": ["fix"]} if SCENARIO.truth else {}
    made = drill(ResponderKind.PERSON, scenario=scenario(truth=truth)).baseline().fault().suffering(10, "orders")
    card = of(made.action().well(12).alert(9.0, "SEV2").decided(Choice.FIX, 10.0).ended())
    (decision,) = [r for r in card.rows if r.topic is Topic.DECISION]
    assert decision.verdict is Verdict.MET


@pytest.mark.parametrize(("declared", "points"), [("SEV1", 5.0), ("SEV3", 5.0)])
def test_a_wrong_severity_costs_by_its_distance(declared: str, points: float) -> None:
    assert [d.points for d in of(by_a_person().severity(declared, 17.0)).deductions] == [points]


def test_a_premature_all_clear_costs_and_misses_the_drill() -> None:
    card = of(by_a_person().all_clear(30.0))
    assert card.premature_all_clear
    assert card.result is DrillResult.MISSED
    assert card.score == 85.0


def test_false_alarms_cost_up_to_a_bound() -> None:
    made = by_a_person()
    for number in range(6):
        made = made.alert(1.0 + number / 10, key=f"noise-{number}")
    card = of(made)
    assert (card.false_alarms, sum(d.points for d in card.deductions)) == (6, 20.0)
    assert len(card.deductions) == 6


def test_hints_cost_a_little() -> None:
    assert of(by_a_person().hint(25.0)).score == 98.0


# ---- corrections ----------------------------------------------------------------------------------------------------


def test_both_scores_are_kept_when_a_facilitator_corrects_a_milestone() -> None:
    events = tuple(e for e in by_a_person().events if e.kind not in ("acknowledged", "step-checked"))
    forgotten = Drill(events, 51.0)
    corrected = of(forgotten.corrected(Milestone.ACKNOWLEDGED, 13.0, 60.0))
    assert corrected.corrected
    assert corrected.original_score == of(forgotten).score
    assert row(corrected, Milestone.ACKNOWLEDGED, Basis.PLAYBOOK).actual == pytest.approx(0.6)
    assert of(forgotten).original_score is None


# ---- what a reader can check ----------------------------------------------------------------------------------------


def by_hand(card: Scorecard) -> float:
    """The score, from nothing but the numbers that a report prints."""
    points = sum(float(f"{r.points:.2f}") for r in card.rows)
    weights = sum(float(f"{r.weight:.2f}") for r in card.rows)
    off = sum(float(f"{d.points:.2f}") for d in card.deductions)
    return round(min(100.0, max(0.0, round(100 * points / weights, 2) - off)), 2)


@pytest.mark.parametrize(
    "made",
    [
        rolled_back(),
        by_a_person().hint(25.0).all_clear(30.0).severity("SEV1", 31.0),
        unrepaired(100),
        unrepaired(100, ResponderKind.PERSON),
        drill(scenario=QUIET).baseline().well(30).alert(20.0).ended(EndReason.CONTROL_COMPLETE),
    ],
)
def test_a_reader_can_recompute_the_score_from_the_printed_rows(made: Drill) -> None:
    card = of(made)
    assert card.score == by_hand(card)
    printed = [float(number) for number in re.findall(r"\d+\.\d\d", card.arithmetic)]
    assert printed[0] == round(sum(r.points for r in card.rows), 2)
    assert printed[1] == round(sum(r.weight for r in card.rows), 2)
    assert printed[-1] == card.score
    assert card.arithmetic.endswith(f"grade {card.grade}")


@pytest.mark.parametrize(
    ("points", "grade"),
    [(100, "A"), (90, "A"), (89.99, "B"), (80, "B"), (70, "C"), (60, "D"), (59.99, "F"), (0, "F")],
)
def test_the_grades_are_the_printed_rule(points: float, grade: str) -> None:
    assert grade_of(points) == grade


def test_the_headline_tells_a_director_what_happened() -> None:
    assert of(rolled_back()).headline == (
        "Users of checkout got errors for 13.7 s (15% of requests); monitoring noticed after 5.2 s; repaired by the "
        "runbook and healthy again after 13.7 s, well within the scenario's limit of 1 m."
    )


def test_what_to_improve_is_about_the_system_and_never_about_a_person() -> None:
    made = unrepaired(100, ResponderKind.PERSON).commander(20.0, who="Ada Lovelace")
    card = of(made)
    assert card.improve
    assert "Ada" not in card.model_dump_json()


def test_nothing_is_to_improve_in_a_drill_without_a_fault_in_it() -> None:
    assert of(rolled_back()).improve == ()


def _hasty() -> Playbook:
    """A playbook whose limits are seconds: updates every 10 s."""
    levels = playbook().model_dump(mode="json")["levels"]
    levels[1]["update_every"] = {"within": "10s", "source": "line 8"}
    return playbook(levels=levels)
