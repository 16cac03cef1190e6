"""Counters and histograms over a window of scrapes, with resets handled as Prometheus' rate() does. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

from drills.probing.exposition import Series

Where = Callable[[Series], bool]


def _everything(_series: Series) -> bool:
    return True


class Window:
    """The scrapes of the last `seconds`, and the one just before them so that the whole window is covered.

    A series that an earlier scrape lacks counts from zero: targets make their series at their first use, and a first
    5xx answer must not be lost. A counter that fell was reset, and counts from zero again.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._scrapes: deque[tuple[float, Mapping[Series, float]]] = deque()

    def add(self, t: float, samples: Mapping[Series, float]) -> None:
        """A scrape made at `t`, seconds on a monotonic clock."""
        self._scrapes.append((t, samples))
        begins = t - self._seconds
        while len(self._scrapes) > 1 and self._scrapes[1][0] <= begins:
            self._scrapes.popleft()
        if len(self._scrapes) > 1 and self._scrapes[0][0] < begins - self._seconds:
            self._scrapes.popleft()  # after a long silence the scrape before it says nothing about this window

    @property
    def span(self) -> float:
        """Seconds between the first and the last scrape that count."""
        return self._scrapes[-1][0] - self._scrapes[0][0] if self._scrapes else 0.0

    def increases(self, name: str, where: Where = _everything) -> dict[Series, float]:
        """By how much each series of that name grew over the window."""
        grown: dict[Series, float] = {}
        before: Mapping[Series, float] | None = None
        for _, samples in self._scrapes:
            for series, value in samples.items():
                if before is None or series.name != name or not where(series):
                    continue
                earlier = before.get(series, 0.0)
                grown[series] = grown.get(series, 0.0) + (value - earlier if value >= earlier else value)
            before = samples
        return grown

    def increase(self, name: str, where: Where = _everything) -> float:
        """By how much all series of that name grew together."""
        return sum(self.increases(name, where).values())

    def latest(self, name: str) -> float | None:
        """The sum of a gauge's series in the last scrape; None when it has none."""
        if not self._scrapes:
            return None
        values = [value for series, value in self._scrapes[-1][1].items() if series.name == name]
        return sum(values) if values else None

    def quantiles(self, name: str, shares: tuple[float, ...], where: Where = _everything) -> tuple[float, ...] | None:
        """Quantiles of a histogram's growth, as Prometheus' histogram_quantile; None when nothing was counted.

        What lies beyond the highest finite bound is given as that bound: at least so much.
        """
        buckets: dict[float, float] = {}
        for series, grown in self.increases(f"{name}_bucket", where).items():
            bound = float(series.label("le") or "nan")
            buckets[bound] = buckets.get(bound, 0.0) + grown
        total = buckets.get(math.inf, 0.0)
        if total <= 0:
            return None
        bounds = sorted(bound for bound in buckets if not math.isnan(bound))
        return tuple(_quantile(bounds, buckets, share * total) for share in shares)


def _quantile(bounds: list[float], buckets: Mapping[float, float], rank: float) -> float:
    lower, below = 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if math.isinf(bound):
                return lower
            inside = buckets[bound] - below
            return lower + (bound - lower) * ((rank - below) / inside if inside else 1.0)
        lower, below = bound, buckets[bound]
    return lower
