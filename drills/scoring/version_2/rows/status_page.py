"""Whether users were told on the status page."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Audience, Level, Limit, Milestone
from drills.model.scorecard import Row
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.rows.row import Duty, row_of


def rows(case: Case) -> Iterator[Row]:
    """Always asked where a level that held asks for it."""
    since = case.incident.response
    due = case.due(since, lambda level: _limit(case, level))
    if due is None:
        return
    told = next((update.t for update in case.said.updates if update.audience is Audience.STATUS_PAGE), None)
    duty = Duty(
        milestone=Milestone.STATUS_PAGE,
        label="Status page",
        since=since,
        counted_from=case.response_says,
        due=due,
        weight=weights.STATUS_PAGE,
    )
    yield row_of(case, duty, told)


def _limit(case: Case, level: Level) -> Limit | None:
    return level.status_page or case.triage_limit(Milestone.STATUS_PAGE, level)
