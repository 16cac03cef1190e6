"""A Prometheus endpoint, scraped over a fresh connection and turned into rates and percentiles over a window."""

from __future__ import annotations

from typing import Any, cast

from drills.core.durations import format_duration
from drills.probing.bind import BoundProbe
from drills.probing.exposition import Series, parse_exposition
from drills.probing.kinds.http import Exchange
from drills.probing.seen import Look, Means, Seen
from drills.probing.settings import HttpSettings, MetricNames, MetricsSettings
from drills.probing.window import Window


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that scrapes once and measures over the scrapes that it remembers."""
    settings = cast(MetricsSettings, probe.settings)
    asked = HttpSettings(url=settings.url, body_limit=settings.body_limit)
    exchange = Exchange(asked, probe.timeout, means, frozenset({"body"}))
    wanted = _wanted(settings.named)
    window = Window(settings.window.total_seconds())

    async def look() -> Seen:
        seen = await exchange.ask()
        if seen.failure or seen.blind:
            return seen
        if seen.values["status"] != 200:
            seen.failure = f"status {seen.values['status']}, not 200"
            return seen
        samples = parse_exposition(exchange.answer.text(), wanted)
        if not samples:
            seen.failure = f"none of its metrics is there, such as {settings.named.requests}"
            return seen
        window.add(means.monotonic(), samples)
        measured = measure(window, settings)
        # Two probes of one endpoint must not both tell the same figure: an alert names the probe that it comes from.
        seen.metrics = {name: each for name, each in measured.items() if not settings.report or name in settings.report}
        values: dict[str, Any] = {**seen.values, **measured}
        if "time" in probe.needs:
            values["time"] = {phase.replace("-", "_"): seconds for phase, seconds in seen.phases.items()}
        seen.values = values
        few = f"too few requests in {format_duration(settings.window)}"
        seen.unmeasured = dict.fromkeys(MetricsSettings.metrics - measured.keys(), few)
        return seen

    return look


def measure(window: Window, settings: MetricsSettings) -> dict[str, float | bool]:
    """The metrics of `drills.core.metrics` over the window; what too few requests would decide is left out."""
    named, least = settings.named, settings.min_requests
    metrics: dict[str, float | bool] = {}
    if window.span <= 0:
        return metrics

    def of_users(series: Series) -> bool:
        return series.label(named.route_label) not in settings.ignore_routes

    requests = window.increases(named.requests, of_users)
    count = sum(requests.values())
    metrics["rpm"] = count / window.span * 60
    if count >= least:
        failed = sum(grown for series, grown in requests.items() if series.label(named.status_label).startswith("5"))
        metrics["error_rate"] = failed / count
        quantiles = window.quantiles(named.seconds, (0.50, 0.95, 0.99), of_users)
        if quantiles is not None:
            metrics["p50"], metrics["p95"], metrics["p99"] = quantiles
    logins = window.increases(named.logins)
    if sum(logins.values()) >= min(least, 5):
        refused = sum(
            grown for series, grown in logins.items() if series.label(named.login_label) not in named.login_ok
        )
        metrics["auth_failure_rate"] = refused / sum(logins.values())
    in_use, size = window.latest(named.pool_in_use), window.latest(named.pool_size)
    if in_use is not None and size:
        metrics["pool_in_use"] = in_use / size
    calls = window.increase(f"{named.external_seconds}_count")
    if calls >= least and (external := window.quantiles(named.external_seconds, (0.95,))) is not None:
        metrics["external_api_latency"] = external[0]
    return metrics


def _wanted(named: MetricNames) -> frozenset[str]:
    histograms = {f"{name}_{part}" for name in (named.seconds, named.external_seconds) for part in ("bucket", "count")}
    return frozenset({named.requests, named.logins, named.pool_in_use, named.pool_size} | histograms)
