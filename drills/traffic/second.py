"""What happened to users in one second, added up request by request. Plain data: it crosses to our process as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from drills.impact.latency import bucket


def count(latencies: dict[int, int], seconds: float) -> None:
    """One more request that took so long."""
    index = bucket(seconds)
    latencies[index] = latencies.get(index, 0) + 1


@dataclass(slots=True)
class RouteTally:
    """The fields of `drills.model.events.RouteSecond`."""

    ok: int = 0
    slow: int = 0
    failed: int = 0
    missed: int = 0
    degraded: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    latencies: dict[int, int] = field(default_factory=dict)

    def fail(self, error: str) -> None:
        self.failed += 1
        self.errors[error] = self.errors.get(error, 0) + 1

    def time(self, seconds: float) -> None:
        count(self.latencies, seconds)


@dataclass(slots=True)
class Second:
    """The second that ends at `end` (monotonic); the fields of `drills.model.events.TrafficSecond`."""

    end: float
    planned: int = 0
    started: int = 0
    routes: dict[str, RouteTally] = field(default_factory=dict)
    users: int = 0
    sufferers: set[int] = field(default_factory=set)
    overdue_routes: dict[str, int] = field(default_factory=dict)
    unanswered: dict[int, int] = field(default_factory=dict)
    first_suffering: float | None = None
    last_suffering: float | None = None

    def route(self, name: str) -> RouteTally:
        return self.routes.setdefault(name, RouteTally())

    def suffers(self, user: int, since: float, until: float) -> None:
        """`user` suffered from `since` to `until`; what lies before this second was told by the ones before."""
        self.sufferers.add(user)
        since, until = max(since, self.end - 1.0), max(until, self.end - 1.0)
        self.first_suffering = since if self.first_suffering is None else min(self.first_suffering, since)
        self.last_suffering = until if self.last_suffering is None else max(self.last_suffering, until)
