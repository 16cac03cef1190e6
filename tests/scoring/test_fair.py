"""What a fair examiner says of timelines that once fooled the score, in the included playbooks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drills.model.events import ActionTaken, ResponderKind
from drills.model.playbook import Audience, Choice, MessageStatus, Milestone, Playbook
from drills.model.scorecard import DrillResult, Row, Scorecard, Topic, Verdict
from drills.scoring.score import score
from drills.workspace.workspace import Workspace
from tests.scoring.timelines import SCENARIO, Drill, drill, scenario

ROOT = Path(__file__).parents[2]
NAMES = ("nutriprofile", "slurpy", "fastapi", "pagerduty", "emotionscare")
LONG = scenario(limits={"duration": "2h"}, truth=None)


@pytest.fixture(scope="module")
def playbooks() -> dict[str, Playbook]:
    return dict(Workspace.load(ROOT).playbooks)


def worst_of(playbook: Playbook) -> str:
    """The level of an outage of which only requests speak: in slurpy the worst one asks for a probe that is down."""
    return "P1" if playbook.name == "slurpy" else playbook.levels[0].name


def card(done: Drill) -> Scorecard:
    return score(done.timeline(), rules=2)


def begun(
    playbook: Playbook, kind: ResponderKind = ResponderKind.PERSON, which: Any = SCENARIO, fault: str = "deploy"
) -> Drill:
    """Users suffer from 7 s on."""
    return drill(kind, playbook=playbook, scenario=which).baseline().fault(kind=fault).well(2)


def rows(of: Scorecard, milestone: Milestone, topic: Topic = Topic.MILESTONE) -> list[Row]:
    return [row for row in of.rows if row.milestone is milestone and row.topic is topic]


def verdicts(of: Scorecard, milestone: Milestone, topic: Topic = Topic.MILESTONE) -> list[Verdict]:
    return [row.verdict for row in rows(of, milestone, topic)]


def ran(done: Drill, command: str, t: float, *, ok: bool = True) -> Drill:
    return done.add(ActionTaken, t, command=command, read_only=False, exit_status=0 if ok else 1, seconds=1.0)


def spoken(done: Drill, t: float, level: str, clear: float) -> Drill:
    """All that is asked of a person, from `t` on."""
    done = (
        done.acknowledged(t).severity(level, t + 1).commander(t + 2).update(t + 3).update(t + 4, Audience.STATUS_PAGE)
    )
    done = done.cause("bad-deploy", t + 5).all_clear(clear)
    for index in range(len(done.timeline().start.playbook.triage)):
        done = done.checked(index, t + 6)
    return done


@pytest.mark.parametrize("name", NAMES)
def test_a_repair_in_silence_is_missed(playbooks: dict[str, Playbook], name: str) -> None:
    playbook = playbooks[name]
    worst = worst_of(playbook)
    repaired = ran(begun(playbook).suffering(47).well(14).alert(13.0, worst), "drills sandbox rollback", 50.0)
    silent = card(repaired.ended(t=repaired.now))
    assert silent.result is DrillResult.MISSED
    for milestone in (Milestone.ACKNOWLEDGED, Milestone.SEVERITY_DECLARED, Milestone.FIRST_UPDATE, Milestone.ALL_CLEAR):
        assert Verdict.MISSED in verdicts(silent, milestone), milestone
        assert all(row.points == 0 for row in rows(silent, milestone))
    honest = card(spoken(repaired, 14.0, worst, 66.0).decided(Choice.ROLLBACK, 25.0).ended(t=repaired.now))
    assert honest.result is DrillResult.MET, honest.why_not
    assert (honest.score or 0) >= 90
    assert (silent.score or 0) <= (honest.score or 0) - 25
    wrong = card(
        spoken(repaired, 14.0, playbook.levels[-1].name, 66.0)
        .cause("missing-index", 30.0)
        .hint(20.0)
        .ended(t=repaired.now)
    )
    assert wrong.result is DrillResult.MISSED
    assert (silent.score or 0) <= (wrong.score or 0), "who tried, with mistakes"


@pytest.mark.parametrize("name", NAMES)
def test_an_acknowledgement_that_never_came_is_missed_however_long_its_limit(
    playbooks: dict[str, Playbook], name: str
) -> None:
    level = playbooks[name].levels[1].name
    outage = begun(playbooks[name]).suffering(870, "checkout", share=0.5).well(14).alert(13.0, level)
    of = card(ran(outage, "drills sandbox rollback", 870.0).ended(t=outage.now))
    assert of.result is DrillResult.MISSED
    assert verdicts(of, Milestone.ACKNOWLEDGED) == [Verdict.MISSED]


@pytest.mark.parametrize("name", NAMES)
def test_a_later_repair_is_worth_less(playbooks: dict[str, Playbook], name: str) -> None:
    worst = worst_of(playbooks[name])

    def after(seconds: int) -> float:
        done = ran(
            begun(playbooks[name]).suffering(seconds).well(14).alert(13.0, worst),
            "drills sandbox rollback",
            seconds + 5.0,
        )
        spoken_ = spoken(done, 14.0, worst, done.now - 1).decided(Choice.ROLLBACK, 30.0)
        for again in range(60, seconds, 240):
            spoken_ = spoken_.update(14.0 + again)
        return card(spoken_.ended(t=done.now)).score or 0

    assert after(40) - after(540) > 5


@pytest.mark.parametrize("name", NAMES)
def test_a_message_that_says_resolved_while_requests_fail_is_premature(
    playbooks: dict[str, Playbook], name: str
) -> None:
    worst = worst_of(playbooks[name])
    done = ran(begun(playbooks[name]).suffering(47).well(14).alert(13.0, worst), "drills sandbox rollback", 50.0)
    done = spoken(done, 14.0, worst, 66.0).decided(Choice.ROLLBACK, 25.0)
    for audience in Audience:
        of = card(done.update(30.0, audience, status=MessageStatus.RESOLVED).ended(t=done.now))
        assert of.result is DrillResult.MISSED
        assert of.premature_all_clear
        assert 15.0 in [deduction.points for deduction in of.deductions]
    assert card(done.update(66.5, status=MessageStatus.RESOLVED).ended(t=done.now)).result is DrillResult.MET


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_before_there_is_anything_to_respond_to_counts_for_nothing(
    playbooks: dict[str, Playbook], name: str
) -> None:
    worst = worst_of(playbooks[name])
    done = ran(begun(playbooks[name]).suffering(47).well(14).alert(20.0, worst), "drills sandbox rollback", 50.0)
    early = card(spoken(done, 7.0, worst, 66.0).ended(t=done.now))
    silent = card(done.all_clear(66.0).ended(t=done.now))
    assert early.result is DrillResult.MISSED
    assert early.score == silent.score
    assert [row.verdict for row in early.rows if row.topic is Topic.TRIAGE] == [
        row.verdict for row in silent.rows if row.topic is Topic.TRIAGE
    ]


def test_a_decision_is_judged_by_the_facts_and_by_what_was_done(playbooks: dict[str, Playbook]) -> None:
    restart = scenario(
        timeline=[{"at": "0s", "fault": {"kind": "kill-service", "service": "app"}}],
        truth={
            "cause": "crash",
            "among": ["crash", "bad-deploy"],
            "remedy": "Restart.",
            "fix-minutes": 2,
            "remedies": ["*restart*", "*rollback*"],
        },
    )
    down = (
        begun(playbooks["emotionscare"], which=restart, fault="kill-service").suffering(47).well(14).alert(13.0, "P1")
    )
    restarted = ran(down, "drills sandbox restart app", 50.0).acknowledged(14.0).cause("crash", 20.0)
    wrong = card(restarted.decided(Choice.ROLLBACK, 30.0, fix_minutes=20.0).all_clear(66.0).ended(t=down.now))
    assert verdicts(wrong, Milestone.MITIGATED, Topic.DECISION) == [Verdict.MISSED]
    assert "rolled back" not in wrong.headline
    right = card(restarted.decided(Choice.FIX, 30.0).all_clear(66.0).ended(t=down.now))
    assert verdicts(right, Milestone.MITIGATED, Topic.DECISION) == [Verdict.MET]
    rolled = (
        ran(down, "drills sandbox rollback", 50.0).acknowledged(14.0).cause("crash", 20.0).decided(Choice.FIX, 30.0)
    )
    assert verdicts(card(rolled.all_clear(66.0).ended(t=down.now)), Milestone.MITIGATED, Topic.DECISION) == [
        Verdict.MISSED
    ]


def test_no_decision_is_asked_where_no_rule_speaks(playbooks: dict[str, Playbook]) -> None:
    which = scenario(timeline=[{"at": "0s", "fault": {"kind": "kill-service", "service": "app"}}])
    down = begun(playbooks["slurpy"], which=which, fault="kill-service").suffering(47).well(14).alert(13.0, "P0")
    done = spoken(ran(down, "drills sandbox restart app", 50.0), 14.0, "P0", 66.0)
    nothing, wait = card(done.ended(t=down.now)), card(done.decided(Choice.WAIT, 30.0).ended(t=down.now))
    assert Verdict.MISSED not in verdicts(nothing, Milestone.MITIGATED, Topic.DECISION)
    assert (wait.score or 0) <= (nothing.score or 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_real_alert_after_a_false_one_must_be_acknowledged_itself(
    playbooks: dict[str, Playbook], name: str
) -> None:
    playbook = playbooks[name]
    worst = worst_of(playbook)
    early = drill(ResponderKind.PERSON, playbook=playbook).baseline().alert(3.0, worst, "noise").acknowledged(4.0)
    down = ran(early.fault().well(2).suffering(47).well(14).alert(13.0, worst), "drills sandbox rollback", 50.0)
    assert verdicts(card(down.all_clear(66.0).ended(t=down.now)), Milestone.ACKNOWLEDGED) == [Verdict.MISSED]
    assert verdicts(card(down.acknowledged(14.0).all_clear(66.0).ended(t=down.now)), Milestone.ACKNOWLEDGED) == [
        Verdict.MET
    ]


def test_a_second_incident_has_rows_of_its_own(playbooks: dict[str, Playbook]) -> None:
    which = scenario(
        timeline=[
            {"at": "0s", "fault": {"kind": "deploy", "release": "1.2"}},
            {"at": "100s", "fault": {"kind": "kill-service", "service": "app"}},
        ]
    )
    first = ran(
        begun(playbooks["fastapi"], which=which).suffering(47).well(20).alert(13.0, "SEV1"),
        "drills sandbox rollback",
        50.0,
    )
    first = spoken(first, 14.0, "SEV1", 66.0).decided(Choice.ROLLBACK, 25.0).resolved(68.0)
    second = first.fault(1, "kill-service").well(1).suffering(60).well(14)
    second = ran(second, "drills sandbox rollback", second.now - 16)
    of = card(second.alert(first.now + 10, "SEV1", number=2).ended(t=second.now))
    assert of.result is DrillResult.MISSED
    assert sorted(verdicts(of, Milestone.ACKNOWLEDGED)) == [Verdict.MET, Verdict.MISSED]
    assert len(rows(of, Milestone.DETECTED)) == 2


def test_an_escalation_that_was_due_and_not_made_is_missed(playbooks: dict[str, Playbook]) -> None:
    which = scenario(limits={"duration": "2h"})
    down = begun(playbooks["pagerduty"], which=which).suffering(58 * 60).well(14).alert(13.0, "SEV-1")
    done = ran(down, "drills sandbox rollback", 58 * 60.0)
    of = card(spoken(done, 14.0, "SEV-1", down.now - 1).ended(t=down.now))
    lead = [row for row in of.rows if "lead" in row.label.lower() or "lead" in row.reason.lower()]
    assert [row.verdict for row in lead] == [Verdict.MISSED]
    assert lead[0].limit == pytest.approx(timedelta(minutes=30).total_seconds(), abs=10)
    assert of.result is DrillResult.MISSED


def test_a_runbook_that_repairs_nothing_earns_its_detection_alone(playbooks: dict[str, Playbook]) -> None:
    for name in NAMES:
        worst = worst_of(playbooks[name])
        down = begun(playbooks[name], ResponderKind.RUNBOOK).suffering(300).alert(9.0, worst).acknowledged(9.5)
        assert card(down.runbook(("look", 30.0)).ended(t=down.now)).score == pytest.approx(100 * 15 / 45, abs=0.01)


def test_a_change_that_is_no_remedy_earns_no_recovery(playbooks: dict[str, Playbook]) -> None:
    which = scenario(
        truth={
            "cause": "bad-deploy",
            "among": ["bad-deploy", "crash"],
            "remedy": "Roll back.",
            "remedies": ["*rollback*"],
        }
    )
    down = begun(playbooks["fastapi"], ResponderKind.RUNBOOK, which).suffering(40).well(14).alert(13.0, "SEV1")
    other = card(ran(down, "drills sandbox restart cache", 40.0).ended(t=down.now))
    failed = card(ran(down, "drills sandbox rollback", 40.0, ok=False).ended(t=down.now))
    right = card(ran(down, "drills sandbox rollback", 40.0).ended(t=down.now))
    assert other.result is failed.result is DrillResult.MISSED
    assert right.result is DrillResult.MET
    assert (other.score or 0) == (failed.score or 0) < (right.score or 0)
