"""What users suffered, and what monitoring saw, over time, ready to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drills.impact.response_times import response_times
from drills.model.events import AlertFired, AlertResolved, ProbeObserved, TrafficSecond
from drills.model.probe import Outcome, probe_from
from drills.model.timeline import Timeline
from drills.reporting.wording import one_line

#: Seconds over which percentiles are taken: one second of 20 requests has no 95th percentile worth the name.
LATENCY_WINDOW = 3


@dataclass(frozen=True, slots=True)
class Series:
    """Parallel sequences, one value for each second of traffic; `t` is the second's end.

    `failed` and `waiting` (slow, never started, or still unanswered) are shares of all requests, 0 to 1; the
    latencies are seconds; a value that could not be measured is None. `offered` and `answered` are per second.
    """

    t: tuple[float, ...]
    failed: tuple[float | None, ...]
    waiting: tuple[float | None, ...]
    p50: tuple[float | None, ...]
    p95: tuple[float | None, ...]
    offered: tuple[int, ...]
    answered: tuple[int, ...]


def series(timeline: Timeline) -> Series:
    """Of all traffic; everything is empty when there was none."""
    seconds = timeline.all(TrafficSecond)
    shares = [_shares(second) for second in seconds]
    percentiles = [_percentiles(seconds[max(0, end - LATENCY_WINDOW) : end]) for end in range(1, len(seconds) + 1)]
    return Series(
        t=tuple(second.t for second in seconds),
        failed=tuple(failed for failed, _ in shares),
        waiting=tuple(waiting for _, waiting in shares),
        p50=tuple(p50 for p50, _ in percentiles),
        p95=tuple(p95 for _, p95 in percentiles),
        offered=tuple(second.planned for second in seconds),
        answered=tuple(sum(route.ok + route.slow for route in second.routes.values()) for second in seconds),
    )


def _shares(second: TrafficSecond) -> tuple[float | None, float | None]:
    routes = second.routes.values()
    failed = sum(route.failed for route in routes)
    waiting = sum(route.slow + route.missed for route in routes) + second.overdue
    whole = sum(route.ok for route in routes) + failed + waiting
    return (failed / whole, waiting / whole) if whole else (None, None)


def _percentiles(window: Sequence[TrafficSecond]) -> tuple[float | None, float | None]:
    times = response_times(window)
    return times.percentile(0.5), times.percentile(0.95)


#: More lanes than this are not read any more; probes that failed are kept before those that did not.
MOST_LANES = 14


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of what monitoring saw: checks moments, and spans (t, t) of what lasted."""

    name: str
    checks: tuple[tuple[float, Outcome], ...] = ()
    spans: tuple[tuple[float, float], ...] = ()


def probe_lanes(timeline: Timeline) -> tuple[Lane, ...]:
    """The open alerts, then the probes in the order of the workspace; empty when no probe checked."""
    checks: dict[str, list[tuple[float, Outcome]]] = {
        probe_from(spec.name, vantage): [] for spec in timeline.start.probes for vantage in spec.checked_from
    }
    for check in timeline.all(ProbeObserved):
        checks.setdefault(probe_from(check.probe, check.vantage), []).append((check.t, check.outcome))
    lanes = [Lane(_short(name), tuple(seen)) for name, seen in checks.items() if seen]
    if not lanes:
        return ()
    calm = [lane for lane in lanes if all(outcome is Outcome.PASS for _, outcome in lane.checks)]
    dropped = {lane.name for lane in calm[max(0, len(calm) - max(0, len(lanes) - MOST_LANES)) :]}
    kept = [lane for lane in lanes if lane.name not in dropped][:MOST_LANES]
    resolved = {event.alert_id: event.t for event in timeline.all(AlertResolved)}
    spans = tuple((event.t, resolved.get(event.alert_id, timeline.ended)) for event in timeline.all(AlertFired))
    return (Lane("alert open", spans=spans), *kept) if spans else tuple(kept)


def _short(raw: str) -> str:
    name = one_line(raw)
    return name if len(name) <= 22 else f"{name[:21]}…"
