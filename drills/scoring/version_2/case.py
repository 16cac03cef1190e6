"""One incident as its rows see it: what was measured, what was said, what was changed, and when each duty is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from drills.model.business_time import due_seconds
from drills.model.events import ResponderKind
from drills.model.playbook import Level, Limit, Milestone, Phase, Playbook, Rung, TriageStep
from drills.model.scenario import Scenario
from drills.model.timeline import Timeline
from drills.scoring.version_2.incidents import Incident
from drills.scoring.version_2.remedies import Change, Credit
from drills.scoring.version_2.said import Said
from drills.scoring.version_2.severity_at import Held


@dataclass(frozen=True, slots=True)
class Due:
    """When a duty is due: `limit` seconds from its clock, None where the document gives no number."""

    limit: float | None
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Case:
    """One incident, up to `closed` (t, C). `levels` are those that held until then; `over`: it will not go on."""

    timeline: Timeline
    incident: Incident
    said: Said
    changes: tuple[Change, ...]
    credit: Credit
    levels: tuple[Held, ...]
    closed: float
    over: bool

    @property
    def playbook(self) -> Playbook:
        return self.timeline.start.playbook

    @property
    def scenario(self) -> Scenario:
        return self.timeline.start.scenario

    @property
    def is_person(self) -> bool:
        return self.timeline.start.responder is ResponderKind.PERSON

    @property
    def mitigated(self) -> float | None:
        """t of the recovery, if it is the responder's merit."""
        return self.incident.impact.settled_since if self.credit.by else None

    @property
    def response_says(self) -> str:
        """What R, the start of the response, is called."""
        incident = self.incident
        if incident.detected == incident.response:
            return "detection"
        within = self.scenario.expect.detected_within
        return "when detection was due" if within is not None else "first impact"

    def due(self, since: float, limit_of: Callable[[Level], Limit | None]) -> Due | None:
        """The earliest deadline of a duty whose clock begins at `since` (t), over all levels that held.

        None where no level that held asks for it.
        """
        asked = [(held, limit) for held in self.levels if (limit := limit_of(held.level)) is not None]
        if not asked:
            return None
        timed = [
            (began + seconds, limit)
            for held, limit in asked
            if (seconds := self.seconds(limit, began := max(held.since, since))) is not None
        ]
        if not timed:
            limit = asked[-1][1]
            return Due(None, limit.says, limit.source)
        moment, limit = min(timed, key=lambda each: each[0])
        return Due(round(moment - since, 3), limit.says, limit.source)

    def seconds(self, limit: Limit, began: float) -> float | None:
        """How long this limit is when it begins to run at `began` (t); None where it gives no number."""
        start = self.timeline.start
        return due_seconds(limit, start.at + timedelta(seconds=began), start.playbook.business_time)

    def triage_limit(self, milestone: Milestone, level: Level) -> Limit | None:
        """What the triage list's first step for this milestone asks at this level; no number where it has no minute."""
        for step in self.playbook.triage:
            if step.milestone is milestone and is_for(step, level):
                return Limit(within=step.by, says="" if step.by else "no minute is stated", source=step.source)
        return None


def is_for(part: TriageStep | Phase | Rung, level: Level) -> bool:
    """Whether a step of the triage list, a phase or a rung is for this level."""
    return not part.levels or level.name in part.levels
