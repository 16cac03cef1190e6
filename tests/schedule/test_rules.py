"""The calendar is held against the playbooks' rules on how often drills are run; the included one keeps them all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drills.model.playbook import Playbook
from drills.schedule.rules import broken
from drills.workspace.schedule import ScheduleEntry
from drills.workspace.workspace import Workspace
from tests.scoring.timelines import playbook

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONTHLY = playbook(monthly_drills={"drills": ["a"], "source": "line 40"})
QUARTERLY = playbook(name="strict", goals={"runbook-tested-every": "13w", "source": "line 41"})
LENIENT = playbook(name="lenient", goals={"runbook-tested-every": "52w", "source": "line 42"})


def told(*entries: dict[str, Any], by: Sequence[Playbook], runbooks: Sequence[str] = ()) -> list[str]:
    schedule = [ScheduleEntry.model_validate(entry) for entry in entries]
    return list(broken(schedule, by, runbooks, NOW))


def included() -> tuple[Workspace, list[Playbook], list[str]]:
    workspace = Workspace.load(ROOT)
    runbooks = [name for name, scenario in workspace.scenarios.items() if scenario.runbook is not None]
    return workspace, list(workspace.playbooks.values()), runbooks


@pytest.mark.parametrize("days", range(0, 366, 30))
def test_the_included_calendar_keeps_the_strictest_rules_from_any_day_on(days: int) -> None:
    workspace, playbooks, runbooks = included()
    assert list(broken(workspace.config.schedule, playbooks, runbooks, NOW + timedelta(days=days))) == []


def test_the_included_playbooks_have_rules_to_be_kept() -> None:
    _, playbooks, runbooks = included()
    assert len(list(broken((), playbooks, runbooks, NOW))) == 4 + len(runbooks)


def test_a_drill_that_is_wanted_each_month_is_planned_in_each() -> None:
    assert told({"drill": "a", "monthly": "last Monday 10:00"}, by=[MONTHLY]) == []
    assert told({"rotation": ["a", "b"], "monthly": "last Monday 10:00"}, by=[MONTHLY]) == [
        "a is planned in 6 of the next 12 months; test wants it in each (line 40)"
    ]


def test_a_runbook_is_tested_within_the_strictest_time() -> None:
    every = {"drill": "a", "every": "13w"}
    by = [LENIENT, QUARTERLY]
    assert told(every, by=by, runbooks=["a"]) == []
    assert told({**every, "every": "14w"}, by=by, runbooks=["a"]) == [
        "the runbook of a is untested for 98 d 0 h; strict wants it tested within 13 w"
    ]
    assert told({**every, "every": "14w"}, by=[LENIENT], runbooks=["a"]) == []


def test_a_drill_that_a_person_answers_tests_no_runbook() -> None:
    assert told({"drill": "a", "every": "1w", "responder": "person"}, by=[QUARTERLY], runbooks=["a"]) == [
        "the runbook of a is never tested; strict wants it within 13 w"
    ]
