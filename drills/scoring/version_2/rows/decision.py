"""Roll back or fix, as the playbook's rules say."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, Row, Topic, Verdict
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.decisions import judge


def rows(case: Case) -> Iterator[Row]:
    """Asked where a rule of the playbook speaks of the case; all of the weight or nothing."""
    if not case.playbook.decisions:
        return
    judged = judge(case)
    if judged.right is None:
        verdict = Verdict.NOT_REQUIRED
    elif judged.right:
        verdict = Verdict.MET
    else:
        verdict = Verdict.PENDING if judged.decided is None and not case.over else Verdict.MISSED
    since, decided = case.incident.response, judged.decided
    yield Row(
        milestone=Milestone.MITIGATED,
        label="Decision: roll back or fix",
        basis=Basis.PLAYBOOK,
        counted_from=case.response_says,
        limit=None,
        limit_says="as the playbook's rules say",
        actual=None if decided is None else round(max(0.0, decided.t - since), 3),
        verdict=verdict,
        reason=f"was not asked: {judged.why}" if judged.right is None else judged.why,
        source=(judged.rule or case.playbook.decisions[0]).source,
        weight=weights.DECISION,
        points=0.0 if judged.right is False else weights.DECISION,
        decides=True,
        topic=Topic.DECISION,
        incident=case.incident.number,
    )
