"""What the responder is to conclude, as demands: the true cause, and whether to roll back or to fix."""

from __future__ import annotations

from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, Topic
from drills.scoring.version_1.case import Case
from drills.scoring.version_1.rows import Demand
from drills.scoring.version_1.weights import DECISION_WEIGHT, PLAYBOOK_WEIGHTS


def cause_demand(case: Case) -> Demand | None:
    """The true cause, among the plausible ones, named and stood by before the drill ends."""
    truth = case.timeline.start.scenario.truth
    if truth is None:
        return None
    since, clock = case.response_clock
    named = case.milestones.at(Milestone.CAUSE_NAMED)
    corrected = Milestone.CAUSE_NAMED in case.milestones.corrected
    reached = (named if corrected else case.cause.right_at) if case.cause.right else None
    return Demand(
        milestone=Milestone.CAUSE_NAMED,
        label="Cause named",
        basis=Basis.SCENARIO,
        since=since,
        counted_from=clock,
        limit=None,
        limit_says=f"the right one of {len(truth.among)}, before the drill ends",
        reached=reached,
        source="scenario: truth",
        weight=PLAYBOOK_WEIGHTS[Milestone.CAUSE_NAMED],
        by_end=True,
        instead="another cause was named" if case.cause.right is False else "",
    ).unless(case.excuse(Milestone.CAUSE_NAMED, named))


def decision_demand(case: Case) -> Demand | None:
    """Roll back or fix, as the playbook's rules say; absent where the playbook has none."""
    if not case.timeline.start.playbook.decisions or case.level is None:
        return None
    since, clock = case.response_clock
    decision = case.decision
    demand = Demand(
        milestone=Milestone.MITIGATED,
        label="Decision: roll back or fix",
        basis=Basis.PLAYBOOK,
        since=since,
        counted_from=clock,
        limit=None,
        limit_says=decision.why if decision else "as the playbook's rules say",
        reached=decision.t if decision and decision.right else None,
        source=(decision.source if decision else "") or case.timeline.start.playbook.decisions[0].source,
        weight=DECISION_WEIGHT,
        topic=Topic.DECISION,
        by_end=True,
        instead=f"decided to {decision.choice}" if decision and decision.right is False else "",
    )
    if decision is not None and decision.right is None:
        return demand.unless(decision.why)
    return demand.unless("" if case.is_person or decision else "asked of a person only")
