"""Which alert detected an incident, and which alerts of it page somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drills.model.events import AlertChanged, AlertFired, AlertResolved, ProbeObserved
from drills.model.probe import Outcome
from drills.model.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Page:
    """An alert of an incident: when it fired, or rose to a level that pages."""

    alert: AlertFired
    t: float


def detecting(timeline: Timeline, injected: float, until: float) -> Page | None:
    """The alert that detected the incident that began at `injected`; None when none did by `until` (t).

    The first one that fires, about something of which no alert from before the fault is open, or that was open and
    rises to a level that pages; in either case one whose evidence, the failed checks in a row that ended in it, began
    after the fault.
    """
    closed = {event.alert_id: event.t for event in timeline.all(AlertResolved)}
    fired = timeline.all(AlertFired)
    before = [(alert.key, closed.get(alert.alert_id, float("inf"))) for alert in fired if alert.t < injected]
    for t, alert, rises in _signals(timeline):
        if not injected <= t <= until or _evidence_began(timeline, alert.probe, t) < injected:
            continue
        if rises or not any(key == alert.key and open_until > t for key, open_until in before):
            return Page(alert, t)
    return None


def pages(timeline: Timeline, injected: float, until: float) -> tuple[Page, ...]:
    """The alerts that fired or rose to a level that pages from `injected` to `until` (t), each at that moment."""
    paging = timeline.start.playbook.paging
    found: dict[str, Page] = {}
    for t, alert, rises in _signals(timeline):
        if (rises or alert.level in paging) and alert.alert_id not in found:
            found[alert.alert_id] = Page(alert, t)
    return tuple(page for page in found.values() if injected <= page.t <= until)


def _signals(timeline: Timeline) -> Iterator[tuple[float, AlertFired, bool]]:
    """Each time that an alert fires, and each time that one rises to a level that pages (True)."""
    paging = timeline.start.playbook.paging
    alerts: dict[str, AlertFired] = {}
    level: dict[str, str] = {}
    for event in timeline:
        if not isinstance(event, AlertFired | AlertChanged):
            continue
        if isinstance(event, AlertFired):
            alerts[event.alert_id] = event
            yield event.t, event, False
        elif event.alert_id in alerts and event.level in paging and level[event.alert_id] not in paging:
            yield event.t, alerts[event.alert_id], True
        level[event.alert_id] = event.level


def _evidence_began(timeline: Timeline, probe: str | None, t: float) -> float:
    """t of the first of the failed checks in a row, from one vantage, that ended by `t`; infinite without any."""
    checks = [check for check in timeline.all(ProbeObserved) if check.probe == probe and check.t <= t]
    known = [check for check in checks if check.outcome is not Outcome.UNKNOWN]
    began = float("inf")
    for check in reversed(known):
        if check.vantage != known[-1].vantage:
            continue
        if check.outcome is not Outcome.FAIL:
            break
        began = check.t
    return began
