"""When each milestone of a drill was reached, and what was raised or declared that should not have been."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drills.impact.assessment import ImpactAssessment, scored_until
from drills.model.events import (
    Acknowledged,
    AlertFired,
    AlertResolved,
    AllClear,
    Base,
    CauseNamed,
    CommanderNamed,
    Corrected,
    PostMortemDrafted,
    SeverityDeclared,
    SteadyStateHeld,
    UpdatePosted,
)
from drills.model.playbook import Audience, Milestone
from drills.model.timeline import Timeline

#: What is measured cannot be corrected by hand.
MEASURED = frozenset({Milestone.INJECTED, Milestone.FIRST_IMPACT, Milestone.DETECTED, Milestone.MITIGATED})

#: The events that reach a milestone of the responder by themselves.
_REACHED_BY: Mapping[Milestone, type[Base]] = {
    Milestone.ACKNOWLEDGED: Acknowledged,
    Milestone.SEVERITY_DECLARED: SeverityDeclared,
    Milestone.COMMANDER_NAMED: CommanderNamed,
    Milestone.FIRST_UPDATE: UpdatePosted,
    Milestone.CAUSE_NAMED: CauseNamed,
}


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """An alert or a declared incident for which there was no cause."""

    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class Milestones:
    """`reached` holds t of what was reached; `corrected` those whose t a facilitator put right.

    `detected_by` is the probe whose alert came first, or what the alert was about where no probe stands for it.
    """

    reached: Mapping[Milestone, float]
    corrected: frozenset[Milestone] = frozenset()
    false_alarms: tuple[FalseAlarm, ...] = ()
    premature: tuple[float, ...] = ()
    declared: str | None = None
    detected_by: str | None = None

    def at(self, milestone: Milestone) -> float | None:
        return self.reached.get(milestone)


def find_milestones(timeline: Timeline, impact: ImpactAssessment, *, corrections: bool = True) -> Milestones:
    """Read the milestones off the timeline. With `corrections`, a corrected one counts at its corrected time."""
    end = scored_until(timeline)
    since = impact.injected if impact.injected is not None else float("inf")
    alert = _detecting(timeline, since, end)
    found: dict[Milestone, float | None] = {
        Milestone.INJECTED: impact.injected,
        Milestone.FIRST_IMPACT: impact.first_impact,
        Milestone.DETECTED: alert.t if alert is not None else None,
        Milestone.MITIGATED: impact.recovered_at,
    }
    for milestone, kind in _REACHED_BY.items():
        event = timeline.first(kind, since=since)
        found[milestone] = event.t if event is not None and event.t <= end else None
    found[Milestone.STATUS_PAGE] = min(
        (
            update.t
            for update in timeline.all(UpdatePosted)
            if update.audience is Audience.STATUS_PAGE and since <= update.t <= end
        ),
        default=None,
    )
    drafted = timeline.first(PostMortemDrafted)
    found[Milestone.POST_MORTEM] = drafted.t if drafted else None
    clears = [event.t for event in timeline.all(AllClear) if since <= event.t <= end]
    corrected = _corrections(timeline) if corrections else {}
    if Milestone.ALL_CLEAR in corrected:
        clears = [corrected[Milestone.ALL_CLEAR]]
    found.update({milestone: when for milestone, when in corrected.items() if milestone is not Milestone.ALL_CLEAR})
    premature = tuple(t for t in clears if not _users_are_well(impact, t, timeline))
    found[Milestone.ALL_CLEAR] = min((t for t in clears if _is_over(impact, t, timeline)), default=None)
    declared = [event for event in timeline.all(SeverityDeclared) if since <= event.t <= end]
    return Milestones(
        reached={milestone: t for milestone in Milestone if (t := found.get(milestone)) is not None},
        corrected=frozenset(corrected),
        false_alarms=_false_alarms(timeline, impact, end),
        premature=premature,
        declared=declared[-1].level if declared else None,
        detected_by=(alert.probe or alert.key) if alert is not None else None,
    )


def _detecting(timeline: Timeline, injected: float, end: float) -> AlertFired | None:
    """The first alert after the fault about something of which no alert from before the fault was still open."""
    resolved = {event.alert_id: event.t for event in timeline.all(AlertResolved)}
    fired = timeline.all(AlertFired)
    before = [(alert.key, resolved.get(alert.alert_id, float("inf"))) for alert in fired if alert.t < injected]
    for alert in fired:
        if injected <= alert.t <= end and not any(key == alert.key and until > alert.t for key, until in before):
            return alert
    return None


def _corrections(timeline: Timeline) -> dict[Milestone, float]:
    """The last correction of each milestone. What is measured (impact, detection, recovery) is not open to any."""
    return {event.milestone: event.when for event in timeline.all(Corrected) if event.milestone not in MEASURED}


def _users_are_well(impact: ImpactAssessment, t: float, timeline: Timeline) -> bool:
    return _is_over(impact, t, timeline) or any(since <= t <= until for since, until in impact.lulls)


def _is_over(impact: ImpactAssessment, t: float, timeline: Timeline) -> bool:
    if impact.first_impact is None:
        return not timeline.start.scenario.users_affected
    return impact.settled_since is not None and t >= impact.settled_since


def _false_alarms(timeline: Timeline, impact: ImpactAssessment, end: float) -> tuple[FalseAlarm, ...]:
    """Alerts from the beginning of the steady state to the fault; in a control drill, to its end.

    Before the steady state held, an alert may well have been right. A severity that is declared in a control drill
    declares an incident that there was not.
    """
    control = timeline.start.scenario.is_control
    held = timeline.first(SteadyStateHeld)
    if held is None:
        return ()
    before = float("inf") if control else impact.injected if impact.injected is not None else end
    since = held.t - held.seconds
    alarms = [
        FalseAlarm(alert.t, f"alert '{alert.title}' ({alert.level}) with nothing injected")
        for alert in timeline.all(AlertFired)
        if since <= alert.t <= end and alert.t < before
    ]
    alarms += [
        FalseAlarm(event.t, f"an incident ({event.level}) was declared with nothing injected")
        for event in timeline.all(SeverityDeclared)
        if since <= event.t <= end and event.t < before
    ]
    return tuple(sorted(alarms, key=lambda alarm: (alarm.t, alarm.reason)))
