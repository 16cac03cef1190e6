"""Which alerts were acknowledged, and when: each alert is acknowledged by itself."""

from __future__ import annotations

from collections.abc import Mapping

from drills.model.events import Acknowledged, AlertFired, AlertResolved
from drills.model.timeline import Timeline


def open_alerts(timeline: Timeline, t: float = float("inf")) -> tuple[AlertFired, ...]:
    """The alerts that had fired by `t` and were not resolved by then, in the order in which they fired."""
    resolved = {event.alert_id for event in timeline.all(AlertResolved) if event.t <= t}
    return tuple(alert for alert in timeline.all(AlertFired) if alert.t <= t and alert.alert_id not in resolved)


def acknowledgements(timeline: Timeline) -> Mapping[str, float]:
    """Alert id → t of its first acknowledgement; an alert that nobody acknowledged is absent.

    An event without ids, as older versions stored it, acknowledged every alert that was open at that moment.
    """
    found: dict[str, float] = {}
    for event in timeline.all(Acknowledged):
        for alert_id in event.alerts or [alert.alert_id for alert in open_alerts(timeline, event.t)]:
            found.setdefault(alert_id, event.t)
    return found


def unacknowledged(timeline: Timeline) -> tuple[AlertFired, ...]:
    """The alerts that nobody acknowledged yet, resolved ones among them, in the order in which they fired."""
    done = acknowledgements(timeline)
    return tuple(alert for alert in timeline.all(AlertFired) if alert.alert_id not in done)
