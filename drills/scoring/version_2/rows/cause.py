"""Whether the cause that was named last is the true one."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, Row, Verdict
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case


def rows(case: Case) -> Iterator[Row]:
    """Always asked where the scenario has a truth; all of the weight or nothing."""
    truth = case.scenario.truth
    if truth is None:
        return
    named = case.said.causes
    right = bool(named) and named[-1].cause == truth.cause
    if right:
        verdict, reason = Verdict.MET, "the true cause"
    elif named:
        verdict, reason = Verdict.MISSED, "another cause was named last"
    else:
        verdict, reason = (Verdict.MISSED if case.over else Verdict.PENDING), "no cause was named"
    since = case.incident.response
    yield Row(
        milestone=Milestone.CAUSE_NAMED,
        label="Cause named",
        basis=Basis.SCENARIO,
        counted_from=case.response_says,
        limit=None,
        limit_says=f"the right one of {len(truth.among)}, before the incident is closed",
        actual=round(max(0.0, (named[-1].t if right else case.closed) - since), 3),
        censored=not right,
        verdict=verdict,
        reason=reason,
        source="scenario: truth",
        weight=weights.CAUSE,
        points=weights.CAUSE if right else 0.0,
        incident=case.incident.number,
    )
