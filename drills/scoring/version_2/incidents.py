"""The incidents of a drill: which part of the timeline each has, and its moments I, D, R (docs/scoring.md, 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drills.impact.assessment import ImpactAssessment, assess, scored_until
from drills.model.events import AllClear, DrillEnded, Event, FaultApplied, TrafficSecond
from drills.model.timeline import Timeline
from drills.scoring.version_2.detection import Page, detecting
from drills.scoring.version_2.severity_at import Held, levels_held


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident, as it was measured: nothing here depends on what the responder said. Times are t of the drill.

    Its part of the timeline is from `injected` to `ended`. `over` is False while that is not known to be its end.
    """

    number: int
    injected: float
    ended: float
    over: bool
    impact: ImpactAssessment
    detection: Page | None
    levels: tuple[Held, ...]
    start: float
    response: float

    @property
    def served(self) -> float | None:
        """t of the final recovery of its users, whoever's merit; the injection where none was affected."""
        return self.injected if self.impact.first_impact is None else self.impact.settled_since

    @property
    def detected(self) -> float | None:
        return None if self.detection is None else self.detection.t

    def suffers_at(self, t: float) -> bool:
        """Whether its users suffer at `t`: from the first impact to the recovery, but for lulls of the settle time."""
        began, served = self.impact.first_impact, self.impact.settled_since
        if began is None or t < began or (served is not None and t >= served):
            return False
        return not any(since <= t <= until for since, until in self.impact.lulls)

    def closing(self, clears: tuple[float, ...]) -> float | None:
        """The first of these all-clears that closes the incident: one after the response began and users recovered."""
        served = self.served
        if served is None:
            return None
        return min((t for t in clears if max(served, self.response) <= t <= self.ended), default=None)


def clears_of(timeline: Timeline) -> tuple[float, ...]:
    """t of every all-clear."""
    return tuple(event.t for event in timeline.all(AllClear))


def incidents_of(timeline: Timeline) -> tuple[Incident, ...]:
    """The incidents of a drill in their order; none where nothing was injected yet.

    A new one begins with a fault that the scenario calls one, or with a fault after the all-clear that closed the one
    before.
    """
    faults = timeline.all(FaultApplied)
    if not faults:
        return ()
    end, over = scored_until(timeline), timeline.first(DrillEnded) is not None
    clears = clears_of(timeline)
    found: list[Incident] = []
    since = faults[0].t
    for fault in faults[1:]:
        before = _incident(timeline, len(found), since, fault.t, over=True)
        closed = before.closing(clears)
        if _is_called_new(timeline, fault) or (closed is not None and closed < fault.t):
            found.append(before)
            since = fault.t
    return (*found, _incident(timeline, len(found), since, end, over=over))


def _is_called_new(timeline: Timeline, fault: FaultApplied) -> bool:
    injections = timeline.start.scenario.timeline
    return 0 <= fault.fault < len(injections) and injections[fault.fault].new_incident


def _incident(timeline: Timeline, number: int, injected: float, ended: float, *, over: bool) -> Incident:
    part = Timeline(_part(timeline, injected, ended))
    impact = assess(part)
    detection = detecting(timeline, injected, ended)
    start = impact.first_impact if impact.first_impact is not None else injected
    within = timeline.start.scenario.expect.detected_within
    latest = start + within.total_seconds() if within is not None else None
    known = [t for t in (latest, None if detection is None else detection.t) if t is not None]
    return Incident(
        number=number,
        injected=injected,
        ended=ended,
        over=over,
        impact=impact,
        detection=detection,
        levels=levels_held(part, impact, start, ended),
        start=start,
        response=min(known, default=start),
    )


def _part(timeline: Timeline, injected: float, ended: float) -> Iterator[Event]:
    """What is known by `ended` (of the last part: all), as if the faults of the incidents before had not been."""
    last = ended >= scored_until(timeline)
    for event in timeline:
        if isinstance(event, FaultApplied) and event.t < injected:
            continue
        if last or event.t < ended or (event.t == ended and isinstance(event, TrafficSecond)):
            yield event
