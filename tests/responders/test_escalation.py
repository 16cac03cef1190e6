"""The escalation ladder is climbed in time, or said to be due."""

from __future__ import annotations

from typing import Any

import pytest

from drills.impact.assessment import assess
from drills.included import included_root
from drills.model.events import Escalated, ResponderKind
from drills.responders.briefing import briefing
from drills.responders.escalation import rungs_due
from drills.workspace.workspace import Workspace
from tests.scoring import timelines
from tests.scoring.timelines import Drill

LADDER = [
    {"name": "On call", "contact": "pager", "source": "line 1"},
    {"name": "Lead", "contact": "lead", "after": "10s", "levels": ["SEV1", "SEV2"], "source": "line 2"},
    {"name": "Director", "contact": "director", "after": "30s", "levels": ["SEV1"], "source": "line 3"},
    {"name": "Vice president", "contact": "vp", "after": "20s", "counted-from": "first-impact", "source": "line 4"},
]


def hit(level: str = "SEV1", seconds: int = 60) -> Drill:
    """Users suffer from t = 7.2 on; the alert comes at 9."""
    book = timelines.playbook(escalation=LADDER)
    begun = timelines.drill(ResponderKind.PERSON, playbook=book).baseline().fault().well(2)
    return begun.suffering(seconds).alert(9.0, level)


def due(drill: Drill, t: float) -> list[tuple[str, float]]:
    timeline = drill.timeline().until(t)
    return [(each.rung.name, round(each.t, 1)) for each in rungs_due(timeline, assess(timeline), t)]


@pytest.mark.parametrize(
    ("t", "names"),
    [
        (18.0, []),
        (19.0, ["Lead"]),
        (27.0, ["Lead"]),
        (28.0, ["Lead", "Vice president"]),
        (39.0, ["Lead", "Vice president", "Director"]),
    ],
)
def test_each_rung_is_due_when_its_time_is_over(t: float, names: list[str]) -> None:
    assert [name for name, _ in due(hit(), t)] == names


def test_a_lower_level_does_not_climb_as_high() -> None:
    assert [name for name, _ in due(hit("SEV2"), 60.0)] == ["Lead", "Vice president"]
    assert [name for name, _ in due(hit("SEV3"), 60.0)] == ["Vice president"]
    assert [name for name, _ in due(hit("SEV3").severity("SEV1", 12.0), 60.0)] == ["Lead", "Vice president", "Director"]


def test_who_was_brought_in_or_raised_before_is_not_due_again() -> None:
    called = hit().add(Escalated, 15.0, rung="Lead", contact="lead")
    assert [name for name, _ in due(called, 60.0)] == ["Vice president", "Director"]
    raised = called.add(Escalated, 28.0, rung="Vice president", contact="vp", due=True)
    assert [name for name, _ in due(raised, 60.0)] == ["Director"]


def test_nobody_is_due_once_users_are_well() -> None:
    assert due(hit(seconds=5).well(60), 70.0) == []


def test_the_status_says_what_is_due() -> None:
    raised = hit().severity("SEV1", 12.0).add(Escalated, 19.0, rung="Lead", contact="lead", due=True)
    line = next(line for line in briefing(raised.timeline(), 20.0).splitlines() if "Lead" in line)
    assert line == "  ☐ Lead: lead, 10s after detected   DUE: `drills respond escalate`"
    called = raised.add(Escalated, 21.0, rung="Lead", contact="lead")
    assert "  ☑ Lead: lead, 10s after detected" in briefing(called.timeline(), 22.0).splitlines()


def test_impact_of_more_than_an_hour_reaches_the_vice_president_of_pagerduty() -> None:
    """Runbook Template, Escalation, 3: for customer impact > 1 hour, notify VP Engineering."""
    book = Workspace.load(included_root()).playbook("pagerduty")
    begun: Any = timelines.drill(ResponderKind.PERSON, playbook=book).baseline().fault().suffering(3700)
    timeline = begun.alert(9.0, "SEV-3").timeline()
    found = list(rungs_due(timeline, assess(timeline), timeline.ended))
    assert [each.rung.contact for each in found] == ["vp-engineering"]
    worse = begun.alert(9.0, "SEV-1").timeline()
    assert [each.rung.contact for each in rungs_due(worse, assess(worse), worse.ended)] == [
        "team-lead",
        "vp-engineering",
        "engineering-manager",
    ]
