"""When a fault ends by itself."""

from __future__ import annotations

from collections.abc import Sequence

from drills.model.durations import parse_duration
from drills.model.events import FaultApplied
from drills.model.scenario import Scenario

#: Settings of a fault that say how long it lasts: a duration, or a number of seconds.
_SETTINGS = ("duration", "for", "seconds")


def own_end(scenario: Scenario, faults: Sequence[FaultApplied]) -> float | None:
    """t by which every one of these faults has ended by its own duration; None where one has none."""
    ends = [_end(scenario, fault) for fault in faults]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _end(scenario: Scenario, fault: FaultApplied) -> float | None:
    if not 0 <= fault.fault < len(scenario.timeline):
        return None
    settings = scenario.timeline[fault.fault].fault.settings
    for name in _SETTINGS:
        value = settings.get(name)
        if isinstance(value, str):
            try:
                return fault.t + parse_duration(value).total_seconds()
            except ValueError:
                return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return fault.t + float(value)
    return None
