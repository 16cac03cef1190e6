"""Alarms for which there was no cause: before the fault, and in a control drill throughout."""

from __future__ import annotations

from dataclasses import dataclass

from drills.impact.assessment import scored_until
from drills.model.events import AlertFired, FaultApplied, SeverityDeclared, SteadyStateHeld
from drills.model.timeline import Timeline


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """An alert, or in a control drill a declared incident, for which there was no cause."""

    t: float
    reason: str


def false_alarms(timeline: Timeline) -> tuple[FalseAlarm, ...]:
    """From the beginning of the steady state to the fault; before it held, an alert may well have been right."""
    held = timeline.first(SteadyStateHeld)
    if held is None:
        return ()
    since, end = held.t - held.seconds, scored_until(timeline)
    control = timeline.start.scenario.is_control
    fault = timeline.first(FaultApplied)
    before = float("inf") if control or fault is None else fault.t
    found = [
        FalseAlarm(alert.t, f"alert '{alert.title}' ({alert.level}) with nothing injected")
        for alert in timeline.all(AlertFired)
        if since <= alert.t <= end and alert.t < before
    ]
    if control:
        found += [
            FalseAlarm(event.t, f"an incident ({event.level}) was declared with nothing injected")
            for event in timeline.all(SeverityDeclared)
            if since <= event.t <= end
        ]
    return tuple(sorted(found, key=lambda alarm: (alarm.t, alarm.reason)))
