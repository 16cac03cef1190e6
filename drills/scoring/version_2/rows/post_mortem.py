"""The post-mortem: it can still be written, so it is pending until it is; the history judges it, as of a date."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Milestone
from drills.model.scorecard import Row, Verdict
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.rows.row import Duty, row_of


def rows(case: Case) -> Iterator[Row]:
    """Without points, where a level that held asks for one."""
    due = case.due(case.closed, lambda level: level.post_mortem)
    if due is None:
        return
    duty = Duty(
        milestone=Milestone.POST_MORTEM,
        label="Post-mortem",
        since=case.closed,
        counted_from="the closing",
        due=due,
        weight=0.0,
        decides=False,
    )
    row = row_of(case, duty, case.said.post_mortem)
    if case.said.post_mortem is None:
        row = row.model_copy(update={"verdict": Verdict.PENDING, "reason": "can still be written"})
    yield row
