"""Whether a commander was named in the triage list's minute."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Milestone
from drills.model.scorecard import Row
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.rows.row import Asked, Duty, row_of


def rows(case: Case) -> Iterator[Row]:
    """Asked where the triage list of a level that held has it; by its minute, where it has one."""
    since = case.incident.response
    due = case.due(since, lambda level: case.triage_limit(Milestone.COMMANDER_NAMED, level))
    if due is None:
        return
    duty = Duty(
        milestone=Milestone.COMMANDER_NAMED,
        label="Commander named",
        since=since,
        counted_from=case.response_says,
        due=due,
        weight=weights.COMMANDER,
        asked=Asked.BY_ITS_LIMIT,
    )
    yield row_of(case, duty, case.said.commanders[0].t if case.said.commanders else None)
