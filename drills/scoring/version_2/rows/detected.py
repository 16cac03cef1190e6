"""Whether monitoring noticed, and how soon."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, Row
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case, Due
from drills.scoring.version_2.rows.row import Duty, row_of


def rows(case: Case) -> Iterator[Row]:
    """Always asked, of monitoring; without a limit it is enough that it was detected at all."""
    within = case.scenario.expect.detected_within
    limit = None if within is None else within.total_seconds()
    duty = Duty(
        milestone=Milestone.DETECTED,
        label="Detected",
        basis=Basis.SCENARIO,
        since=case.incident.start,
        counted_from=start_says(case),
        due=Due(limit, "" if within else "the scenario states no limit", "scenario: detected-within"),
        weight=weights.DETECTED,
    )
    yield row_of(case, duty, case.incident.detected, until=case.incident.ended if case.incident.over else None)


def start_says(case: Case) -> str:
    """What I is called."""
    return "first impact" if case.incident.impact.first_impact is not None else "injection"
