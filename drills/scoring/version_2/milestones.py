"""When each milestone of an incident was reached (t), by what counts in it."""

from __future__ import annotations

from collections.abc import Mapping

from drills.model.playbook import Audience, Milestone
from drills.scoring.version_2.case import Case


def milestones_of(case: Case) -> Mapping[Milestone, float]:
    """Those that were reached, in their order."""
    return {milestone: t for milestone in Milestone if (t := reached(case, milestone)) is not None}


def reached(case: Case, milestone: Milestone) -> float | None:
    """t of one milestone; None where it was not reached."""
    incident, said = case.incident, case.said
    match milestone:
        case Milestone.INJECTED:
            return incident.injected
        case Milestone.FIRST_IMPACT:
            return incident.impact.first_impact
        case Milestone.DETECTED:
            return incident.detected
        case Milestone.ACKNOWLEDGED:
            detection = incident.detection
            if detection is not None:
                return said.acknowledged.get(detection.alert.alert_id)
            return min(said.taken, default=None)
        case Milestone.SEVERITY_DECLARED:
            return said.declared[0].t if said.declared else None
        case Milestone.COMMANDER_NAMED:
            return said.commanders[0].t if said.commanders else None
        case Milestone.FIRST_UPDATE:
            return said.updates[0].t if said.updates else None
        case Milestone.STATUS_PAGE:
            return next((each.t for each in said.updates if each.audience is Audience.STATUS_PAGE), None)
        case Milestone.CAUSE_NAMED:
            return _cause_named(case)
        case Milestone.MITIGATED:
            return case.mitigated
        case Milestone.ALL_CLEAR:
            return said.all_clear
        case Milestone.POST_MORTEM:
            return said.post_mortem


def _cause_named(case: Case) -> float | None:
    """The first naming of the true cause, where it is what was named last; of any cause where there is no truth."""
    truth, named = case.scenario.truth, case.said.causes
    if truth is None:
        return named[0].t if named else None
    if not named or named[-1].cause != truth.cause:
        return None
    return next(event.t for event in named if event.cause == truth.cause)
