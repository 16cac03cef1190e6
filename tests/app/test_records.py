"""The history and the reports: nothing of a drill that runs is named to those who may not know it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.app.access import Caller, Role
from drills.app.context import Context
from drills.app.records import history, report_files, report_json, report_markdown
from drills.errors import BadInput, NotAllowed
from drills.model.scorecard import DrillResult
from drills.store.store import Store
from tests.app.conftest import Begin
from tests.scoring.timelines import rolled_back


def test_a_blind_drill_that_runs_has_no_name_in_the_history_and_is_in_no_list_of_its_scenario(
    context: Context, begin: Begin
) -> None:
    record = begin("slow-query", blind=True)
    assert [(each.drill_id, each.scenario) for each in history(context, last=5)] == [(record.drill_id, None)]
    assert history(context, "slow-query", last=5) == ()
    facilitator = replace(context, caller=Caller(Role.FACILITATOR))
    assert [each.scenario for each in history(facilitator, "slow-query", last=5)] == ["slow-query"]


def test_a_drill_that_everybody_may_know_is_named_while_it_runs(context: Context, begin: Begin) -> None:
    begin("slow-query", blind=False)
    assert [each.scenario for each in history(context, last=5)] == ["slow-query"]


def test_the_last_drills_are_those_at_the_end(context: Context, begin: Begin) -> None:
    first = begin("slow-query", blind=False)
    with context.store() as store:
        store.end_unscored(first.drill_id, DrillResult.ABORTED)
        second = store.begin_drill(scenario="quiet", sandbox="other", responder=first.responder)
    assert [each.drill_id for each in history(context, last=1)] == [second.drill_id]


@pytest.mark.parametrize("role", Role)
def test_nobody_reads_a_report_before_the_drill_has_ended(context: Context, begin: Begin, role: Role) -> None:
    record = begin("slow-query", blind=False)
    for report in (report_markdown, report_json, report_files):
        with pytest.raises(NotAllowed, match="its report is written when it has ended"):
            report(replace(context, caller=Caller(role)), record.drill_id)


def test_a_drill_that_died_before_its_first_event_has_no_report(context: Context, begin: Begin) -> None:
    record = begin(blind=False)
    with context.store() as store:
        store.end_unscored(record.drill_id, DrillResult.ABORTED)
    with pytest.raises(BadInput, match="nothing of it was recorded"):
        report_markdown(context, record.drill_id)


def test_a_report_is_made_again_from_the_stored_events(context: Context, begin: Begin) -> None:
    record = begin("bad-deploy", blind=False)
    with context.store() as store:
        _keep(store, record.drill_id)
        store.end_unscored(record.drill_id, DrillResult.ABORTED)
    assert rolled_back().events[0].scenario.title in report_markdown(context, record.drill_id)  # type: ignore[union-attr]
    page = report_files(context, record.drill_id)
    assert page == context.workspace.reports_dir / record.drill_id / "index.html"
    assert page.is_file()


def _keep(store: Store, drill_id: str) -> None:
    for event in rolled_back().events:
        store.append(drill_id, event)
