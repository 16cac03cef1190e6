"""One drill as its limits see it: what happened, at which level, who responds, and the clocks.

Detection and mitigation count from the first user impact; the response counts from detection. A detection that came
too late, or never, buys nobody time: then the response counts from the first impact.
"""

from __future__ import annotations

from dataclasses import dataclass

from drills.impact.assessment import ImpactAssessment
from drills.model.events import ResponderKind
from drills.model.playbook import Level, Limit, Milestone, Phase, TriageStep
from drills.model.timeline import Timeline
from drills.scoring.version_1.decisions import Cause, Decision
from drills.scoring.version_1.milestones import Milestones

#: Milestones that the included responders other than a person are not asked for, unless they did reach them.
HUMAN = frozenset(Milestone) - {
    Milestone.INJECTED,
    Milestone.FIRST_IMPACT,
    Milestone.DETECTED,
    Milestone.MITIGATED,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One drill as its limits see it: what happened, at which level, who responds, and until when it is scored."""

    timeline: Timeline
    impact: ImpactAssessment
    milestones: Milestones
    level: Level | None
    cause: Cause
    decision: Decision | None
    end: float

    @property
    def is_person(self) -> bool:
        return self.timeline.start.responder is ResponderKind.PERSON

    @property
    def impact_clock(self) -> tuple[float | None, str]:
        """The start of the incident: the first user impact, or the fault where users are not to be affected."""
        if self.impact.first_impact is None and not self.timeline.start.scenario.users_affected:
            return self.impact.injected, "injection"
        return self.impact.first_impact, "first impact"

    @property
    def response_clock(self) -> tuple[float | None, str]:
        """Detection, if it came in time; else the start of the incident."""
        began, name = self.impact_clock
        detected = self.milestones.at(Milestone.DETECTED)
        within = self.timeline.start.scenario.expect.detected_within
        if detected is None or (within and began is not None and detected - began > within.total_seconds()):
            return began, name
        return detected, "detection"

    def excuse(self, milestone: Milestone, reached: float | None) -> str:
        """Why this milestone is not asked of this responder; empty when it is."""
        if self.is_person or milestone not in HUMAN or reached is not None:
            return ""
        return "asked of a person only"


def triage_limit(case: Case, milestone: Milestone) -> Limit | None:
    """The minute of the triage list's first timed step that stands for this milestone at this level."""
    for step in case.timeline.start.playbook.triage:
        if step.milestone is milestone and step.by is not None and is_for(step, case.level):
            return Limit(within=step.by, source=step.source)
    return None


def is_for(part: TriageStep | Phase, level: Level | None) -> bool:
    """Whether a step of the triage list, or a phase, is for this level."""
    return level is not None and (not part.levels or level.name in part.levels)
