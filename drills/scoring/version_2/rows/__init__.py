"""One file for each kind of row; `all_rows` has them in the order of a report."""

from __future__ import annotations

from drills.model.scorecard import Row
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.rows import (
    acknowledged,
    all_clear,
    cause,
    commander,
    decision,
    detected,
    escalation,
    mitigated,
    phases,
    post_mortem,
    severity,
    status_page,
    triage,
    updates,
)

_OF_A_PERSON = (
    acknowledged.rows,
    severity.rows,
    commander.rows,
    updates.rows,
    status_page.rows,
    cause.rows,
    decision.rows,
    escalation.rows,
    mitigated.rows,
    all_clear.rows,
    post_mortem.rows,
    triage.rows,
    phases.rows,
)


def all_rows(case: Case) -> tuple[Row, ...]:
    """The rows of one incident: a runbook, a program, or nobody has two kinds of them."""
    kinds = _OF_A_PERSON if case.is_person else (mitigated.rows,)
    return tuple(row for rows in (detected.rows, *kinds) for row in rows(case))
