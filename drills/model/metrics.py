"""The catalogue of metrics, with units, for playbooks' thresholds and abort conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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
        Metric("error_rate", Unit.SHARE, "requests answered with 5xx, of all requests in the window"),
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
        Metric("site_failing", Unit.TRUTH, "a probe with role 'site' is down"),
        Metric("health_failing", Unit.TRUTH, "a probe with role 'health' is down"),
        Metric("database_failing", Unit.TRUTH, "a probe with role 'database' is down"),
        Metric("cache_failing", Unit.TRUTH, "a probe with role 'cache' is down"),
        Metric("login_failing", Unit.TRUTH, "a probe with role 'login' is down"),
        Metric("payment_failing", Unit.TRUTH, "a probe with role 'payment' is down"),
        Metric("external_api_failing", Unit.TRUTH, "a probe with role 'external-api' is down"),
        Metric("feature_failing", Unit.TRUTH, "a probe with role 'feature' is down"),
        Metric("probe_failing", Unit.TRUTH, "any probe is down"),
    )
}
