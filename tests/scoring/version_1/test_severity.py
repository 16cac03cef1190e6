"""The true severity: what the playbook says about what was measured."""

from __future__ import annotations

import pytest

from drills.impact.assessment import assess
from drills.model.events import ResponderKind
from drills.model.scorecard import Verdict
from drills.scoring.version_1.severity import Measured, judge, measure
from tests.scoring.timelines import PLAYBOOK, QUIET, Drill, drill, scenario


def level(made: Drill) -> str | None:
    timeline = made.timeline()
    return measure(timeline, assess(timeline)).level


def test_a_complete_outage_is_the_most_severe_level() -> None:
    assert level(drill().baseline().fault().suffering(30)) == "SEV1"


def test_one_route_of_three_is_a_major_degradation() -> None:
    assert level(drill().baseline().fault().suffering(30, "checkout")) == "SEV2"


def test_a_condition_must_hold_for_its_time() -> None:
    assert level(drill().baseline().fault().suffering(5)) is None
    assert level(drill().baseline().fault().suffering(6)) == "SEV1"


def test_a_condition_must_hold_without_a_break() -> None:
    mostly_down = drill().baseline().fault()
    for _ in range(5):
        mostly_down = mostly_down.suffering(3).well(4)
    assert level(mostly_down) == "SEV2"


def test_slow_answers_count_by_their_percentile() -> None:
    assert level(drill().baseline().fault().suffering(30, slow=True)) == "SEV2"


def test_requests_that_nobody_answers_are_slow_by_the_time_they_have_waited() -> None:
    timeline = drill().baseline().fault().stalled(30).timeline()
    assert measure(timeline, assess(timeline)).why.startswith("p95 > 2.0")


def test_a_role_is_failing_after_two_failed_checks_in_a_row() -> None:
    calm = drill().baseline().fault().well(20)
    assert level(calm.observed(8.0, ok=False).observed(9.0, ok=False)) == "SEV2"
    assert level(calm.observed(8.0, ok=False).observed(9.0, ok=True).observed(10.0, ok=False)) is None


def test_checks_from_different_vantages_are_not_added_up_and_each_required_one_counts() -> None:
    start = drill().baseline().fault().well(20)
    assert level(start.observed(8.0, ok=False, vantage="edge").observed(9.0, ok=False, vantage="around")) is None
    assert (
        level(
            start.observed(8.0, ok=False, vantage="edge")
            .observed(9.0, ok=True, vantage="around")
            .observed(10.0, ok=False, vantage="edge")
        )
        == "SEV2"
    )


def test_what_a_probe_says_of_the_error_rate_is_not_the_truth() -> None:
    calm = drill().baseline().fault().well(20)
    for t in range(6, 20):
        calm = calm.observed(float(t), "home", ok=True, error_rate=1.0)
    assert level(calm) is None


def test_an_unmeasured_metric_holds_nothing() -> None:
    assert level(drill().baseline().fault().second({})) is None


def test_nothing_holds_in_a_quiet_drill() -> None:
    assert level(drill(scenario=QUIET).baseline().well(30)) is None


@pytest.mark.parametrize(("rank", "expected"), [(0, "SEV1"), (1, "SEV2"), (2, "SEV2"), (9, "SEV2")])
def test_a_floor_lifts_the_severity_and_never_lowers_it(rank: int, expected: str) -> None:
    truth = {
        "cause": "lost-rows",
        "among": ["lost-rows", "bad-deploy"],
        "remedy": "Restore.",
        "severity_floor": {"rank": rank, "why": "data was lost"},
    }
    timeline = drill(scenario=scenario(truth=truth)).baseline().fault().suffering(20, "checkout").timeline()
    measured = measure(timeline, assess(timeline))
    assert measured.level == expected
    assert ("floor" in measured.why) == (rank == 0)


@pytest.mark.parametrize(
    ("true", "declared", "verdict", "says"),
    [
        ("SEV2", "SEV2", Verdict.MET, "right"),
        ("SEV1", "SEV3", Verdict.MISSED, "2 levels too low"),
        ("SEV2", "SEV1", Verdict.MISSED, "1 level too high"),
        ("SEV2", None, Verdict.MISSED, "no severity was declared"),
        (None, "SEV3", Verdict.MISSED, "no level of the playbook applies"),
        (None, None, Verdict.NOT_REQUIRED, "no level of the playbook applies"),
    ],
)
def test_the_declared_level_is_held_against_the_true_one(
    true: str | None, declared: str | None, verdict: Verdict, says: str
) -> None:
    severity = judge(PLAYBOOK, ResponderKind.PERSON, Measured(true, "measured"), declared)
    assert severity.verdict is verdict
    assert says in severity.reason


def test_a_runbook_is_not_asked_for_a_severity() -> None:
    severity = judge(PLAYBOOK, ResponderKind.RUNBOOK, Measured("SEV1", "measured"), None)
    assert severity.verdict is Verdict.NOT_REQUIRED
