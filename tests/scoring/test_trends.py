"""Drills together: grouped within a severity, what was not reached counted, goals judged with their figures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from drills.model.aftermath import ActionItem, ItemStatus, Priority
from drills.model.events import ResponderKind
from drills.model.playbook import Goals, Milestone
from drills.model.scorecard import Scorecard
from drills.scoring.aftermath import POST_MORTEM, ItemState, Task, TaskState
from drills.scoring.score import score
from drills.scoring.survival import Interval
from drills.scoring.targets import Evidence, RunbookState, TargetVerdict, targets
from drills.scoring.trends import GroupBy, groups, times_of
from tests.scoring.timelines import by_a_person

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CARD = score(by_a_person().timeline())


def card(number: int, level: str = "SEV2", **changes: Any) -> Scorecard:
    """A person's drill: impact at 10 s, detected at 20 s, acknowledged and mitigated as told; it lasted 600 s."""
    milestones = {Milestone.FIRST_IMPACT: 10.0, Milestone.DETECTED: 20.0} | changes.pop("milestones", {})
    severity = CARD.severity.model_copy(update={"true_level": level})
    return CARD.model_copy(
        update={"drill_id": f"INC-20261101-{number:03d}", "severity": severity, "duration": 600.0,
                "milestones": milestones, **changes}
    )  # fmt: skip


def acked(number: int, after: float | None, level: str = "SEV2", **changes: Any) -> Scorecard:
    reached = {} if after is None else {Milestone.ACKNOWLEDGED: 20.0 + after, Milestone.MITIGATED: 10.0 + 2 * after}
    return card(number, level, milestones=reached, **changes)


def test_times_count_from_impact_and_from_detection() -> None:
    times = times_of(acked(1, 60.0))
    assert times.to_detect == Interval(10.0)
    assert times.to_acknowledge == Interval(60.0)
    assert times.to_mitigate == Interval(120.0)


def test_what_was_not_reached_is_as_long_as_the_drill_at_least() -> None:
    times = times_of(acked(1, None))
    assert times.to_acknowledge == Interval(580.0, censored=True)
    assert times.to_mitigate == Interval(590.0, censored=True)


@pytest.mark.parametrize("responder", [ResponderKind.RUNBOOK, ResponderKind.NONE])
def test_only_people_acknowledge(responder: ResponderKind) -> None:
    times = times_of(acked(1, 60.0, responder=responder))
    assert times.to_acknowledge is None
    assert (times.to_mitigate is None) is (responder is ResponderKind.NONE)


@pytest.mark.parametrize("by", GroupBy)
def test_nothing_is_averaged_across_severities(by: GroupBy) -> None:
    found = groups([acked(1, 60.0), acked(2, 120.0), acked(3, 600.0, "SEV1")], by)
    assert [(group.severity, group.to_acknowledge.mean) for group in found] == [("SEV1", 600.0), ("SEV2", 90.0)]


def test_months_and_scenarios_are_groups_of_their_own() -> None:
    december = acked(2, 60.0, scenario="slow-query", started_at=datetime(2026, 12, 1, tzinfo=UTC))
    cards = [acked(1, 60.0), december]
    assert [group.key for group in groups(cards, GroupBy.MONTH)] == ["2026-11", "2026-12"]
    assert [group.key for group in groups(cards, GroupBy.SCENARIO)] == ["bad-deploy", "slow-query"]
    assert [group.key for group in groups(cards, GroupBy.RESPONDER)] == ["person"]


GOALS = Goals.model_validate(
    {
        "mtta": {"within": "5m", "source": "a"},
        "mttr": {"SEV2": {"within": "4h", "source": "b"}},
        "false-positive-share": 0.05,
        "pages-per-week": 10,
        "action-items-in-time-share": 0.9,
        "post-mortem-share": 1.0,
        "runbook-tested-every": "13w",
        "runbook-coverage-share": 1.0,
        "source": "c",
    }
)


def judged(name: str, **changes: Any) -> tuple[str, TargetVerdict]:
    seen: dict[str, Any] = {
        "groups": (), "tasks": (), "items": (), "alerts": 0, "false_alarms": 0, "pages": 0, "weeks": 1.0,
        "runbooks": (), "as_of": NOW,
    }  # fmt: skip
    target = next(each for each in targets(GOALS, Evidence(**(seen | changes))) if each.name == name)
    return target.actual, target.verdict


LOAD = "2.0 weeks, to one person on call)"
MET, MISSED, NO_DATA = TargetVerdict.MET, TargetVerdict.MISSED, TargetVerdict.NO_DATA


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        ([acked(1, 299.0)], ("4 m 59 s, 1 drill", MET)),
        ([acked(1, 300.0)], ("5 m 00 s, 1 drill", MISSED)),
        ([acked(1, 10.0), acked(2, None)], ("at least 4 m 55 s, 2 drills, 1 not reached", MISSED)),
    ],
)
def test_the_mean_time_to_acknowledge_is_below_its_target_or_not(cards: list[Scorecard], told: object) -> None:
    assert judged("MTTA SEV2", groups=groups(cards, GroupBy.SEVERITY)) == told


def test_the_mean_time_to_recover_is_judged_for_its_level() -> None:
    assert judged("MTTR SEV2") == ("no drill", NO_DATA)
    assert judged("MTTR SEV2", groups=groups([acked(1, 60.0)], GroupBy.SEVERITY)) == ("2 m 00 s, 1 drill", MET)


def task(state: TaskState) -> Task:
    return Task(1, POST_MORTEM, NOW, state, None, "")


def item(due: date, closed: datetime | None) -> ItemState:
    status = ItemStatus.OPEN if closed is None else ItemStatus.DONE
    row = ActionItem(number=1, action="A", owner="@x", priority=Priority.P1, due=due, status=status)
    return ItemState(row, status, closed)


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("Post-mortems in time", {"tasks": [task(TaskState.DONE), task(TaskState.DUE)]}, ("100.0% (1 of 1)", MET)),
        ("Post-mortems in time", {"tasks": [task(TaskState.DONE), task(TaskState.LATE)]}, ("50.0% (1 of 2)", MISSED)),
        ("Post-mortems in time", {"tasks": [task(TaskState.OVERDUE)]}, ("0.0% (0 of 1)", MISSED)),
        ("Post-mortems in time", {}, ("none yet", NO_DATA)),
        ("Action items done in time", {"items": [item(NOW.date(), None)]}, ("none yet", NO_DATA)),
        ("Action items done in time", {"items": [item(date(2026, 11, 30), None)]}, ("0.0% (0 of 1)", MISSED)),
        ("Action items done in time", {"items": [item(NOW.date(), NOW)] * 10}, ("100.0% (10 of 10)", MET)),
        (
            "Action items done in time",
            {"items": [item(NOW.date(), NOW)] * 9 + [item(date(2026, 11, 30), NOW)]},
            ("90.0% (9 of 10)", MISSED),
        ),
        ("False alarms", {"alerts": 20, "false_alarms": 1}, ("5.0% (1 of 20 alerts)", MISSED)),
        ("False alarms", {"alerts": 21, "false_alarms": 1}, ("4.8% (1 of 21 alerts)", MET)),
        ("False alarms", {}, ("no alerts", NO_DATA)),
        ("Pages per person and week", {"pages": 19, "weeks": 2.0}, (f"9.5 (19 in {LOAD}", MET)),
        ("Pages per person and week", {"pages": 20, "weeks": 2.0}, (f"10.0 (20 in {LOAD}", MISSED)),
    ],
)  # fmt: skip
def test_each_goal_is_met_or_missed_with_its_figures(name: str, changes: dict[str, Any], told: object) -> None:
    assert judged(name, **changes) == told


def test_runbooks_are_tested_within_a_quarter_and_each_scenario_has_one() -> None:
    def tested(days: int | None) -> RunbookState:
        return RunbookState(f"s{days}", "runbook.md", None if days is None else NOW - timedelta(days=days), None)

    assert judged("Runbooks tested", runbooks=[tested(1), tested(91)]) == ("2 of 2", MET)
    assert judged("Runbooks tested", runbooks=[tested(92), tested(None)]) == ("0 of 2; not s92, sNone", MISSED)
    without = RunbookState("bare", None, None, None)
    assert judged("Scenarios with a runbook", runbooks=[tested(1), without]) == ("50.0% (1 of 2)", MISSED)
