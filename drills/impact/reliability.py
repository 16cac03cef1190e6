"""Whether the traffic of a drill is a reliable measure of its users' experience."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from drills.impact.baseline import Baseline
from drills.impact.rules import LAG_SECONDS, MAX_GAP, MAX_LAG, MAX_SHARE, MIN_SUFFERING
from drills.impact.windows import suffers
from drills.model.events import DrillEnded, TrafficSecond
from drills.model.timeline import Timeline


def problem_of(timeline: Timeline, seconds: Sequence[TrafficSecond], baseline: Baseline, horizon: float) -> str | None:
    """Why these seconds, up to `horizon` (t), are not reliable; None when they are.

    Users who suffered already before the fault, seconds that are missing, and a generator that was behind its own
    plan though the app answered well.
    """
    for name, count in sorted(baseline.counts.items()):
        if count.suffering >= MIN_SUFFERING and count.share > MAX_SHARE:
            return f"users of {name} suffered already before the fault ({count.suffering} of {count.asked} requests)"
    measured = [second for second in seconds if second.t > baseline.since]
    moments = [second.t for second in measured]
    if timeline.first(DrillEnded) is not None:
        moments.append(horizon)
    for before, now in pairwise(moments):
        if now - before > 1.0 + MAX_GAP:
            return f"the traffic was not measured for {now - before - 1.0:.1f} s after {before:.1f} s"
    late = generator_late(measured)
    return None if late is None else f"the traffic generator was {late.lag:.1f} s behind its plan at {late.t:.1f} s"


def generator_late(seconds: Sequence[TrafficSecond]) -> TrafficSecond | None:
    """The second in which the generator had been behind its own plan for too long, though the app answered well."""
    late = 0
    for second in seconds:
        late = late + 1 if second.lag > MAX_LAG and not suffers(second) else 0
        if late >= LAG_SECONDS:
            return second
    return None
