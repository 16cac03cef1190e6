"""What is written about a `metrics` probe."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from drills.model.durations import Duration, bounded
from drills.model.playbook import Model
from drills.probing.settings_model import ForOthers, SettingsModel, Url


class MetricNames(Model):
    """What the target calls its metrics; the defaults are those of the included shop."""

    requests: str = "shop_requests_total"
    status_label: str = "status"
    route_label: str = "route"
    seconds: str = "shop_request_seconds"
    logins: str = "shop_logins_total"
    login_label: str = "result"
    login_ok: tuple[str, ...] = ("ok", "success", "succeeded")
    pool_in_use: str = "shop_pool_in_use"
    pool_size: str = "shop_pool_size"
    external_seconds: str = "shop_external_api_seconds"


Measured = Literal["error_rate", "p50", "p95", "p99", "rpm", "auth_failure_rate", "pool_in_use", "external_api_latency"]


class MetricsSettings(SettingsModel):
    """A Prometheus endpoint, turned into rates and percentiles over a window."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    metrics = frozenset(get_args(Measured))
    names = metrics | {"status", "time"}

    url: Url
    window: Annotated[Duration, bounded(timedelta(seconds=1))] = timedelta(seconds=60)
    min_requests: int = Field(10, ge=1, description="Fewer in the window: rates and percentiles are not measured.")
    ignore_routes: tuple[str, ...] = Field(
        ("/health", "/ready", "/metrics", "/version"), description="Routes that no user asks for."
    )
    report: tuple[Measured, ...] = Field(
        (), description="What thresholds and reports get from this probe; absent: all that it measures."
    )
    named: MetricNames = MetricNames()
    body_limit: int = Field(8_388_608, ge=1)
