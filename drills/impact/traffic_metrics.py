"""What the traffic says about the metrics of thresholds: error rate, response times, and which journeys are hurt."""

from __future__ import annotations

from drills.impact.baseline import Baseline
from drills.impact.response_times import response_times
from drills.impact.rules import MAX_SHARE, MIN_EXPECTED, MIN_SUFFERING
from drills.impact.windows import RouteCount, Window

#: Seconds of traffic over which the metrics are measured: as long as the window of the included probes.
METRICS_WINDOW = 10
#: A journey fails when more than this share of its requests does: what its users come for cannot be had.
FAILING_SHARE = 0.5

PERCENTILES = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))


def traffic_metrics(window: Window, baseline: Baseline | None) -> dict[str, float]:
    """The metrics of `drills.model.metrics` that the traffic itself is the truth of; absent where nothing ended.

    A request counts in the error rate when it has ended, and it has failed at the latest when its client's timeout is
    over: one that hangs is no error before that, and counts once. In the response times it counts from `slow_after`
    on, as long as it has taken. The journeys are the routes that users asked before the fault, and often enough to
    judge: at least five requests in such a window.
    """
    values: dict[str, float] = {"rpm": window.answered * 60.0 / len(window.seconds)}
    if window.answered:
        values["error_rate"] = window.failed / window.answered
    times = response_times(window.seconds).and_unanswered(window.seconds[-1].unanswered)
    for name, share in PERCENTILES:
        value = times.percentile(share)
        if value is not None:
            values[name] = value
    if journeys := _journeys(window, baseline):
        values["journeys_affected"] = sum(_is_affected(count) for count in journeys) / len(journeys)
        values["journeys_failing"] = sum(_error_rate(count) > FAILING_SHARE for count in journeys) / len(journeys)
        values["worst_journey_error_rate"] = max(_error_rate(count) for count in journeys)
    return values


def _journeys(window: Window, baseline: Baseline | None) -> list[RouteCount]:
    routes = {} if baseline is None else baseline.routes
    wanted = [name for name, route in routes.items() if route.rate * METRICS_WINDOW >= MIN_EXPECTED]
    return [window.routes.get(name, RouteCount()) for name in wanted]


def _is_affected(count: RouteCount) -> bool:
    return count.suffering >= MIN_SUFFERING and count.share > MAX_SHARE


def _error_rate(count: RouteCount) -> float:
    """Of one journey; a single failure is no rate."""
    return count.failed / count.answered if count.failed >= MIN_SUFFERING else 0.0
