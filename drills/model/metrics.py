"""The catalogue of metrics, with units, for playbooks' thresholds and abort conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drills.model.probe import Role


class Unit(StrEnum):
    SHARE = "share, 0 to 1"
    SECONDS = "seconds"
    PER_MINUTE = "per minute"
    COUNT = "count"
    TRUTH = "true or false"


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    unit: Unit
    means: str


#: A value of a metric at a moment; a metric that could not be measured is absent, never zero or NaN.
Metrics = Mapping[str, float | bool]

CATALOGUE: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "error_rate",
            Unit.SHARE,
            "requests that failed (5xx, no answer in time), of all that ended in the window",
        ),
        Metric("p50", Unit.SECONDS, "median response time in the window"),
        Metric("p95", Unit.SECONDS, "95th percentile of response time in the window"),
        Metric("p99", Unit.SECONDS, "99th percentile of response time in the window"),
        Metric("rpm", Unit.PER_MINUTE, "requests per minute over the window"),
        Metric("auth_failure_rate", Unit.SHARE, "logins refused or failed, of all logins in the window"),
        Metric("database_connections", Unit.SHARE, "connections in use, of the server's maximum"),
        Metric("pool_in_use", Unit.SHARE, "the app's database connections in use, of its pool's size"),
        Metric("lock_waits", Unit.COUNT, "sessions that wait for a lock"),
        Metric("longest_query", Unit.SECONDS, "age of the longest active query"),
        Metric("replication_lag", Unit.SECONDS, "how far the replica is behind"),
        Metric("cache_memory", Unit.SHARE, "memory in use by the cache, of its maximum"),
        Metric("memory", Unit.SHARE, "memory in use by the app, of its limit"),
        Metric("cpu", Unit.SHARE, "processor time in use by the app, of its limit"),
        Metric("disk", Unit.SHARE, "disk in use by the database, of its limit"),
        Metric("external_api_latency", Unit.SECONDS, "response time of the external API as the app sees it"),
        Metric("journeys_affected", Unit.SHARE, "journeys of users that are slow or failing, of all journeys"),
        Metric("journeys_failing", Unit.SHARE, "journeys of users that are failing, of all journeys"),
        Metric("worst_journey_error_rate", Unit.SHARE, "error rate of the journey that has the highest"),
        *(Metric(role.failing, Unit.TRUTH, f"a probe with role '{role}' is down") for role in Role),
        *(Metric(role.degraded, Unit.TRUTH, f"a probe with role '{role}' is degraded or down") for role in Role),
        Metric("probe_failing", Unit.TRUTH, "any probe is down"),
        Metric("probe_degraded", Unit.TRUTH, "any probe is degraded or down"),
    )
}

#: Of these the traffic of a drill is the truth; what a probe says about them is what monitoring believes.
FROM_TRAFFIC = frozenset(
    {"error_rate", "p50", "p95", "p99", "rpm", "journeys_affected", "journeys_failing", "worst_journey_error_rate"}
)
