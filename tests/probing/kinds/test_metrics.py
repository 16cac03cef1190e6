"""The metrics probe against a real endpoint that prometheus_client writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from drills.model.probe import Outcome
from tests.probing.checking import Checked, run_probe
from tests.probing.servers import answering, serving

NAMED = {
    "requests": "shop_requests_total",
    "seconds": "shop_request_seconds",
    "logins": "shop_logins_total",
    "pool-in-use": "shop_pool_in_use",
    "pool-size": "shop_pool_size",
    "external-seconds": "shop_external_api_seconds",
}


class Target:
    """A process with the shop's metrics; `restart` begins its counters anew."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["route", "status"]
        self.requests = Counter("shop_requests", "-", labels, registry=self.registry)
        self.seconds = Histogram("shop_request_seconds", "-", ["route"], buckets=(0.1, 1, 2, 5), registry=self.registry)
        self.logins = Counter("shop_logins", "-", ["result"], registry=self.registry)
        self.in_use = Gauge("shop_pool_in_use", "-", registry=self.registry)
        self.size = Gauge("shop_pool_size", "-", registry=self.registry)
        self.external = Histogram("shop_external_api_seconds", "-", buckets=(0.1, 1, 5), registry=self.registry)

    def serve(self, count: int, status: int = 200, route: str = "/", seconds: float = 0.05) -> None:
        for _ in range(count):
            self.requests.labels(route, str(status)).inc()
            self.seconds.labels(route).observe(seconds)


def measured(
    target: Target, *between: Callable[[], None], asserts: tuple[str, ...] = (), report: tuple[str, ...] = ()
) -> Checked:
    """Checks once before and once after each of these acts; what the last check saw."""
    acts = iter(between)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(generate_latest(target.registry))(reader, writer)

    async def checked() -> Checked:
        async with serving(serve) as port:
            url = f"http://127.0.0.1:{port}/metrics"
            settings = {"url": url, "window": "60s", "min-requests": 10, "report": list(report), "named": NAMED}
            return await run_probe(
                "metrics", settings, times=len(between) + 1, between=lambda: next(acts)(), asserts=list(asserts)
            )

    return asyncio.run(checked())


def test_the_share_of_5xx_and_the_percentiles_are_those_of_the_window() -> None:
    target = Target()
    target.serve(1000, seconds=4)  # before the window: must not count

    def now() -> None:
        target.serve(90, seconds=0.05)
        target.serve(10, status=503, seconds=1.5)

    metrics = measured(target, now).seen.metrics
    assert metrics["error_rate"] == pytest.approx(0.1)
    assert metrics["p50"] < 0.1
    assert 1 < metrics["p95"] <= 2
    assert metrics["rpm"] > 0


def test_too_few_requests_leave_the_rates_out_instead_of_giving_zero() -> None:
    target = Target()
    metrics = measured(target, lambda: target.serve(9, status=500)).seen.metrics
    assert set(metrics) == {"rpm"}


def test_an_assertion_on_what_is_not_measured_yet_is_not_a_failure() -> None:
    target = Target()
    assert measured(target, lambda: target.serve(1), asserts=("error_rate < 0.05",)).outcome is Outcome.PASS
    target = Target()
    checked = measured(target, lambda: target.serve(100, status=500), asserts=("error_rate < 0.05",))
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "error_rate 1, over 0.05")


def test_a_restart_of_the_target_loses_nothing_and_invents_nothing() -> None:
    target = Target()
    target.serve(500, status=500)

    def restarts() -> None:
        target.restart()
        target.serve(30)

    metrics = measured(target, lambda: target.serve(10, status=500), restarts).seen.metrics
    assert metrics["error_rate"] == pytest.approx(10 / 40)


def test_routes_that_no_user_asks_for_do_not_dilute_the_rate() -> None:
    target = Target()

    def now() -> None:
        target.serve(20, status=500)
        target.serve(1000, route="/health")

    assert measured(target, now).seen.metrics["error_rate"] == 1


def test_the_error_rate_of_the_route_that_is_worst_off_is_measured_where_it_is_asked_for() -> None:
    target = Target()

    def now() -> None:
        target.serve(80, route="/")
        target.serve(20, status=503, route="/pay")
        target.serve(1, status=503, route="/once")

    metrics = measured(target, now, report=("error_rate", "worst_journey_error_rate")).seen.metrics
    assert metrics == {"error_rate": pytest.approx(21 / 101), "worst_journey_error_rate": 1.0}
    assert "worst_journey_error_rate" not in measured(target, now).seen.metrics


def test_logins_pool_and_external_api_are_measured_too() -> None:
    target = Target()

    def now() -> None:
        target.logins.labels("ok").inc(15)
        target.logins.labels("refused").inc(5)
        target.in_use.set(4)
        target.size.set(5)
        for _ in range(20):
            target.external.observe(3)

    metrics = measured(target, now).seen.metrics
    assert metrics["auth_failure_rate"] == 0.25
    assert metrics["pool_in_use"] == 0.8
    assert 1 < metrics["external_api_latency"] <= 5


def test_an_endpoint_without_the_metrics_fails_and_says_which() -> None:
    async def checked() -> Checked:
        async with serving(answering(b"other_metric 1\n")) as port:
            return await run_probe("metrics", {"url": f"http://127.0.0.1:{port}/", "named": NAMED})

    found = asyncio.run(checked())
    assert (found.outcome, found.reason) == (
        Outcome.FAIL,
        "none of its metrics is there, such as shop_requests_total",
    )


def test_an_endpoint_that_answers_an_error_fails() -> None:
    async def checked() -> Checked:
        async with serving(answering(b"", status=500)) as port:
            return await run_probe("metrics", {"url": f"http://127.0.0.1:{port}/", "named": NAMED})

    assert asyncio.run(checked()).reason == "status 500, not 200"


def test_only_what_it_is_to_report_is_reported_and_assertions_see_it_all() -> None:
    target = Target()
    target.serve(1)
    checked = measured(
        target, lambda: target.serve(20, 500), report=("rpm",), asserts=("error_rate < 0.5", "p95 < 1.0")
    )
    assert checked.seen.metrics.keys() == {"rpm"}
    assert checked.outcome is Outcome.FAIL
    assert checked.reason.startswith("error_rate 1")
