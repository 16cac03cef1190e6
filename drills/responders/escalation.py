"""The deadlines of a playbook's escalation ladder: which rungs are due because users still suffer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drills.impact.assessment import ImpactAssessment
from drills.model.durations import humane
from drills.model.events import AlertFired, Escalated
from drills.model.playbook import Milestone, Rung
from drills.model.timeline import Timeline
from drills.responders.updates import incident_level


@dataclass(frozen=True, slots=True)
class RungDue:
    """A rung whose time has come at `t`, and why, in words."""

    rung: Rung
    t: float
    reason: str


def rungs_due(timeline: Timeline, impact: ImpactAssessment, now: float) -> Iterator[RungDue]:
    """The rungs for the incident's level whose time is over while users suffer, in the order in which they fell due.

    A rung that was brought in, or raised before, is not due again; one without a time never is. The ladder's clock
    starts at the first alert after the fault, or at the first user impact where the document says so.
    """
    if impact.injected is None or not impact.impacted_now:
        return
    level = incident_level(timeline)
    alert = timeline.first(AlertFired, since=impact.injected)
    clocks = {
        Milestone.DETECTED: (alert.t if alert is not None else None, "after detection"),
        Milestone.FIRST_IMPACT: (impact.first_impact, "after users were affected first"),
    }
    done = {event.rung for event in timeline.all(Escalated)}
    found = []
    for rung in timeline.start.playbook.escalation:
        since, words = clocks.get(rung.counted_from, (None, ""))
        if rung.after is None or since is None or rung.name in done or (rung.levels and level not in rung.levels):
            continue
        t = since + rung.after.total_seconds()
        if t <= now:
            done.add(rung.name)
            found.append(RungDue(rung, t, f"users still suffer {humane(rung.after)} {words}"))
    yield from sorted(found, key=lambda due: due.t)
