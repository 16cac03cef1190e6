"""The baseline: the traffic between the steady state and the first fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drills.impact.response_times import ResponseTimes, response_times
from drills.impact.windows import RouteCount, count_routes
from drills.model.events import BaselineTaken, TrafficSecond
from drills.model.timeline import Timeline


@dataclass(frozen=True, slots=True)
class RouteBaseline:
    """One route before the fault: requests per second, share that suffered, p95 in seconds, share of fallbacks."""

    rate: float
    suffering: float
    degraded: float
    p95: float | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The traffic before the fault. Rates are per second; `p95` is in seconds."""

    since: float
    until: float
    planned: float
    started: float
    answered: float
    routes: Mapping[str, RouteBaseline]
    p95: float | None
    counts: Mapping[str, RouteCount]


def baseline_of(timeline: Timeline) -> Baseline | None:
    """The baseline of a drill; None when it was not taken or no traffic was measured in it."""
    taken = timeline.first(BaselineTaken)
    if taken is None:
        return None
    seconds = [second for second in timeline.all(TrafficSecond) if taken.since < second.t <= taken.until]
    if not seconds:
        return None
    counts = count_routes(seconds)
    length = len(seconds)
    return Baseline(
        since=taken.since,
        until=taken.until,
        planned=sum(second.planned for second in seconds) / length,
        started=sum(second.started for second in seconds) / length,
        answered=sum(count.answered for count in counts.values()) / length,
        routes={name: _route(name, count, seconds) for name, count in sorted(counts.items())},
        p95=response_times(seconds).percentile(0.95),
        counts=counts,
    )


def _route(name: str, count: RouteCount, seconds: Sequence[TrafficSecond]) -> RouteBaseline:
    times = ResponseTimes.of(second.routes[name] for second in seconds if name in second.routes)
    good = count.ok + count.slow
    return RouteBaseline(
        rate=count.asked / len(seconds),
        suffering=count.share,
        degraded=count.degraded / good if good else 0.0,
        p95=times.percentile(0.95),
    )
