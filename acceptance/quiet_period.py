"""How long a recovery lasted that did not hold."""

from __future__ import annotations

from drills.impact.assessment import bad_routes, scored_until
from drills.impact.baseline import baseline_of
from drills.impact.rules import WINDOW
from drills.impact.windows import windows
from drills.model.events import FaultApplied, TrafficSecond
from drills.model.timeline import Timeline


def longest_quiet_period(timeline: Timeline) -> float:
    """Seconds of the longest stretch in which no user suffered, between two in which some did; 0 when there is none."""
    baseline, fault = baseline_of(timeline), timeline.first(FaultApplied)
    if baseline is None or fault is None:
        return 0.0
    until = scored_until(timeline)
    after = [second for second in timeline.all(TrafficSecond) if fault.t < second.t <= until]
    longest, wells, suffered = 0, 0, False
    for window in windows(after, WINDOW):
        if bad_routes(window, baseline):
            longest, wells, suffered = max(longest, wells), 0, True
        elif suffered:
            wells += 1
    # The first well window is well for its whole length, each further one for a second more.
    return float(longest + WINDOW - 1) if longest else 0.0
