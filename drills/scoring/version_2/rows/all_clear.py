"""Whether, and how soon, the incident was closed."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Milestone
from drills.model.scorecard import Row
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case, Due
from drills.scoring.version_2.rows.detected import start_says
from drills.scoring.version_2.rows.row import Duty, row_of

_NO_LIMIT = Due(None, "when users are served again", "our reading: an incident is closed by somebody")


def rows(case: Case) -> Iterator[Row]:
    """Always asked; only an all-clear that closes the incident counts."""
    duty = Duty(
        milestone=Milestone.ALL_CLEAR,
        label="All clear",
        since=case.incident.start,
        counted_from=start_says(case),
        due=case.due(case.incident.start, lambda level: level.resolve) or _NO_LIMIT,
        weight=weights.ALL_CLEAR,
    )
    yield row_of(case, duty, case.said.all_clear)
