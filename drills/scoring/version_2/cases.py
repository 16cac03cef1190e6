"""From incidents to cases: what was said and changed in each, and when it was closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drills.model.events import FaultApplied
from drills.model.timeline import Timeline
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.incidents import Incident, clears_of
from drills.scoring.version_2.own_duration import own_end
from drills.scoring.version_2.remedies import changes_of, credit, remedies_of
from drills.scoring.version_2.said import NOTHING, said_between
from drills.scoring.version_2.severity_at import until


def cases_of(timeline: Timeline, incidents: Sequence[Incident]) -> tuple[Case, ...]:
    """The incidents of a drill with what its responder said and did in each."""
    changes, remedies, clears = changes_of(timeline), remedies_of(timeline.start), clears_of(timeline)
    found = []
    for incident in incidents:
        all_clear = incident.closing(clears)
        closed = incident.ended if all_clear is None else all_clear
        mine = tuple(change for change in changes if incident.injected <= change.ended <= incident.ended)
        faults = [
            fault
            for fault in timeline.all(FaultApplied)
            if incident.injected <= fault.t < max(incident.ended, incident.injected + 1e-9)
        ]
        found.append(
            Case(
                timeline=timeline,
                incident=incident,
                said=said_between(timeline, incident.response, closed, all_clear),
                changes=mine,
                credit=credit(
                    incident.impact,
                    mine,
                    remedies,
                    timeline.start.responder,
                    ended_by_itself=own_end(timeline.start.scenario, faults),
                ),
                levels=until(incident.levels, closed),
                closed=closed,
                over=incident.over or all_clear is not None,
            )
        )
    return tuple(found)


def silent(case: Case) -> Case:
    """The same incident had nothing been said, ticked or decided: it ends with its part of the timeline."""
    ended = case.incident.ended
    return replace(case, said=NOTHING, closed=ended, levels=until(case.incident.levels, ended), over=case.incident.over)
