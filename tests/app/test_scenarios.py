"""What is shown of scenarios, plans and the calendar, to whom, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.app.access import Caller, Role
from drills.app.calendar import calendar
from drills.app.context import Context
from drills.app.dry_run import show_plan
from drills.app.scenarios import list_scenarios, show_scenario
from drills.drill.planning import plan_drill
from drills.errors import NotAllowed
from drills.workspace.workspace import Workspace
from tests.app.conftest import Begin


def test_a_scenario_is_shown_without_the_truth_unless_it_is_asked_for(context: Context) -> None:
    assert show_scenario(context, "slow-query").truth is None
    told = show_scenario(context, "slow-query", spoil=True).truth
    assert told is not None
    assert told.cause in told.among
    assert [fault.kind for fault in told.faults] == ["drop-index"]
    assert told.steps


def test_the_truth_is_for_no_responder_and_no_observer(context: Context) -> None:
    for role in (Role.RESPONDER, Role.OBSERVER):
        theirs = replace(context, caller=Caller(role))
        assert show_scenario(theirs, "slow-query").truth is None
        with pytest.raises(NotAllowed):
            show_scenario(theirs, "slow-query", spoil=True)


def test_while_a_blind_drill_runs_its_terminal_is_shown_no_scenario_and_no_plan(context: Context, begin: Begin) -> None:
    plan = plan_drill(context.workspace, "slow-query")
    record = begin(blind=True)
    why = f"{record.drill_id} is a blind drill and still going on; scenarios are shown when it has ended"
    for refused in (lambda: show_scenario(context, "slow-query"), lambda: show_plan(context, plan)):
        with pytest.raises(NotAllowed, match=why):
            refused()
    facilitator = replace(context, caller=Caller(Role.FACILITATOR))
    assert show_scenario(facilitator, "slow-query", spoil=True).truth is not None
    assert "slow-query" in [each.name for each in list_scenarios(context.workspace.home, context.caller)]


def test_a_plan_names_its_faults_only_when_that_is_asked_for(context: Context) -> None:
    plan = plan_drill(context.workspace, "database-failure")
    assert [fault.summary for fault in show_plan(context, plan).faults] == [None]
    spoilt = show_plan(context, plan, spoil=True)
    assert [fault.summary for fault in spoilt.faults] == ["kill database"]
    assert spoilt.refusal is None


def test_the_calendar_names_the_drills_of_persons_to_facilitators_alone(context: Context, begin: Begin) -> None:
    (context.workspace.home / "drills.yaml").write_text(
        "playbook: fastapi\nsandbox: {driver: local}\n"
        "schedule: [{drill: slow-query, every: 1w, responder: person}, {drill: quiet, every: 1w, responder: none}]\n",
        encoding="utf-8",
    )
    scheduled = replace(context, workspace=Workspace.load(context.workspace.home))
    assert {each.drill for each in calendar(scheduled, 1)} == {None, "quiet"}
    assert {each.drill for each in calendar(scheduled, 1, spoil=True)} == {"slow-query", "quiet"}
    with pytest.raises(NotAllowed):
        calendar(replace(scheduled, caller=Caller(Role.REVIEWER)), 1, spoil=True)
    begin(blind=True)
    with pytest.raises(NotAllowed, match="the drills of the calendar are named when it has ended"):
        calendar(scheduled, 1, spoil=True)
