"""What is written about a `metrics` probe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from drills.model.durations import Duration, bounded
from drills.model.playbook import Model
from drills.probing.settings_model import ForOthers, SettingsModel, Url


class MetricNames(Model):
    """What the target calls its metrics; what is absent it does not have, unless the workspace's system names it."""

    requests: str | None = None
    status_label: str = "status"
    route_label: str = "route"
    seconds: str | None = None
    logins: str | None = None
    login_label: str = "result"
    login_ok: tuple[str, ...] = ("ok", "success", "succeeded")
    pool_in_use: str | None = None
    pool_size: str | None = None
    external_seconds: str | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The metrics that the target has, as far as they are named."""
        known = (
            self.requests, self.seconds, self.logins, self.pool_in_use, self.pool_size, self.external_seconds
        )  # fmt: skip
        return tuple(name for name in known if name is not None)


Measured = Literal[
    "error_rate", "p50", "p95", "p99", "rpm", "auth_failure_rate", "pool_in_use", "external_api_latency",
    "worst_journey_error_rate",
]  # fmt: skip
#: Costs a series for each route and status, so that it is measured only where it is asked for.
BY_ROUTE = "worst_journey_error_rate"


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

    @classmethod
    def supplied_by(cls, settings: Mapping[str, Any]) -> frozenset[str]:
        """What `report` names; without one, all but what costs more."""
        return frozenset(settings.get("report") or ()) & cls.metrics or cls.metrics - {BY_ROUTE}

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.named.given:
            raise ValueError("names no metric; write named: {requests: …}, with what the target calls it")
        return self
