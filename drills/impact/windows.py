"""Rolling windows over the seconds of the traffic, with each route's requests added up."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drills.model.events import TrafficSecond


@dataclass(frozen=True, slots=True)
class RouteCount:
    """The requests of one route in a stretch of time. `overdue` are those still unanswered at its end."""

    ok: int = 0
    slow: int = 0
    failed: int = 0
    missed: int = 0
    degraded: int = 0
    overdue: int = 0

    @property
    def suffering(self) -> int:
        """Requests whose user suffered: failed, too slow, never started in time, or still waiting for too long."""
        return self.failed + self.slow + self.missed + self.overdue

    @property
    def asked(self) -> int:
        """All requests that users made or should have made."""
        return self.ok + self.suffering

    @property
    def answered(self) -> int:
        return self.ok + self.slow + self.failed

    @property
    def share(self) -> float:
        """Suffering requests, of all that were asked; 0 when none was."""
        return self.suffering / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Window:
    """Some consecutive seconds of the traffic, added up; `until` is the end of the last one."""

    seconds: tuple[TrafficSecond, ...]
    routes: Mapping[str, RouteCount]

    @classmethod
    def of(cls, seconds: tuple[TrafficSecond, ...]) -> Window:
        """The window of these seconds; there must be one at least."""
        return cls(seconds, count_routes(seconds))

    @property
    def until(self) -> float:
        return self.seconds[-1].t

    @property
    def planned(self) -> int:
        return sum(second.planned for second in self.seconds)

    @property
    def started(self) -> int:
        return sum(second.started for second in self.seconds)

    @property
    def answered(self) -> int:
        return sum(count.answered for count in self.routes.values())

    @property
    def asked(self) -> int:
        return sum(count.asked for count in self.routes.values())

    @property
    def failed(self) -> int:
        return sum(count.failed for count in self.routes.values())

    @property
    def overdue(self) -> int:
        return sum(count.overdue for count in self.routes.values())


def count_routes(seconds: Sequence[TrafficSecond]) -> dict[str, RouteCount]:
    """Each route's requests over these seconds.

    A request that is overdue for several seconds is one request: only those overdue at the end are added, for the
    others have ended within these seconds and are counted by how they ended.
    """
    sums: dict[str, list[int]] = {}
    for second in seconds:
        for name, route in second.routes.items():
            row = sums.get(name)
            if row is None:
                sums[name] = [route.ok, route.slow, route.failed, route.missed, route.degraded]
            else:
                row[0] += route.ok
                row[1] += route.slow
                row[2] += route.failed
                row[3] += route.missed
                row[4] += route.degraded
    waiting = seconds[-1].overdue_routes if seconds else {}
    for name in waiting:
        sums.setdefault(name, [0, 0, 0, 0, 0])
    return {
        name: RouteCount(ok, slow, failed, missed, degraded, waiting.get(name, 0))
        for name, (ok, slow, failed, missed, degraded) in sums.items()
    }


def windows(seconds: Iterable[TrafficSecond], length: int) -> Iterator[Window]:
    """For each second, the window of `length` seconds that ends with it (shorter at the beginning)."""
    recent: deque[TrafficSecond] = deque(maxlen=length)
    for second in seconds:
        recent.append(second)
        yield Window.of(tuple(recent))


def first_suffering(seconds: Iterable[TrafficSecond]) -> float | None:
    """t of the first suffering request in these seconds; None when nobody suffered."""
    moments = [
        second.first_suffering if second.first_suffering is not None else second.t - 1.0
        for second in seconds
        if suffers(second)
    ]
    return min(moments, default=None)


def last_suffering(seconds: Iterable[TrafficSecond]) -> float | None:
    """t of the last suffering request in these seconds; None when nobody suffered."""
    moments = [
        second.last_suffering if second.last_suffering is not None else second.t
        for second in seconds
        if suffers(second)
    ]
    return max(moments, default=None)


def suffers(second: TrafficSecond) -> bool:
    """Whether any request of this second suffered."""
    if second.first_suffering is not None or second.overdue:
        return True
    return any(route.failed or route.slow or route.missed for route in second.routes.values())
