"""Counters and histograms over a window of scrapes, with resets handled as Prometheus' rate() does. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from drills.probing.kinds.metrics.exposition import Series

#: Series that are compared in one go: two or three milliseconds.
SLICE = 1000
#: Seconds by which a process may report its own start differently from one scrape to the next.
_SAME_START = 1.0
#: Absent series that are remembered, in addition to one for each present series.
_ABSENT = 1000


@dataclass(slots=True)
class _Scrape:
    """`grown` is by how much the counters grew since the scrape before, by the series that they are counted in.

    `odd` are values that no counter can have: NaN, infinite or negative, by name.
    """

    t: float
    grown: dict[Series, float] = field(default_factory=dict)
    odd: dict[str, float] = field(default_factory=dict)


class Window:
    """The scrapes of the last `seconds`, and the one just before them so that the whole window is covered.

    Only growth is kept, summed over the series that `counted_in` puts together (None: it is not counted), and the last
    value of each: thousands of series make a window neither large nor slow.

    A series that an earlier scrape lacks counts from zero: targets make their series at their first use, and a first
    5xx answer must not be lost. A counter that fell was reset and counts from zero again, and so do all when the target
    reports a later start. One that was absent for some scrapes, or had no number, counts from its last value.
    """

    def __init__(self, seconds: float, counted_in: Callable[[Series], Series | None] = lambda series: series) -> None:
        self._seconds = seconds
        self._counted_in = counted_in
        self._scrapes: deque[_Scrape] = deque()
        self._started: float | None = None
        self._several_until = -math.inf
        self._before: dict[Series, float] = {}
        self._known: dict[Series, Series | None] = {}

    def add(self, t: float, samples: Mapping[Series, float], started: float | None = None) -> None:
        """A scrape made at `t`, seconds on a monotonic clock; `started` is when the target began, if it says so."""
        for _ in self.adding(t, samples, started):
            pass

    def adding(
        self, t: float, samples: Mapping[Series, float], started: float | None = None
    ) -> Generator[None, None, None]:
        """`add` slice by slice, so that an event loop can do something else in between."""
        later = 0.0 if started is None or self._started is None else started - self._started
        changed = abs(later) > _SAME_START
        several = changed and (later < 0 or t < self._several_until)
        scrape, now, known = _Scrape(t), dict[Series, float](), self._known
        for number, (series, value) in enumerate(samples.items(), 1):
            if number % SLICE == 0:
                yield
            counted = known[series] if series in known else known.setdefault(series, self._counted_in(series))
            if counted is None:
                continue
            if not 0 <= value < math.inf:
                scrape.odd[series.name] = value
                continue
            now[series] = value
            earlier = 0.0 if changed else self._before.get(series, 0.0)
            scrape.grown[counted] = scrape.grown.get(counted, 0.0) + (value - earlier if value >= earlier else value)
        if several:
            self._several_until = t + self._seconds
            self._scrapes.clear()
        if changed or len(self._before) > 2 * len(now) + _ABSENT:
            self._before = now
        else:
            self._before.update(now)
        if len(known) > 2 * len(samples) + _ABSENT:
            self._known = {series: known[series] for series in samples}
        self._started = self._started if started is None else started
        self._scrapes.append(scrape)
        begins = t - self._seconds
        while len(self._scrapes) > 1 and self._scrapes[1].t <= begins:
            self._scrapes.popleft()
        if len(self._scrapes) > 1 and self._scrapes[0].t < begins - self._seconds:
            self._scrapes.popleft()  # after a long silence the scrape before it says nothing about this window

    @property
    def span(self) -> float:
        """Seconds between the first and the last scrape that count."""
        return self._scrapes[-1].t - self._scrapes[0].t if self._scrapes else 0.0

    @property
    def several(self) -> bool:
        """Whether an older process answered than before: several answer in turn, and no growth is that of one."""
        return bool(self._scrapes) and self._scrapes[-1].t < self._several_until

    def odd(self, name: str) -> float | None:
        """A value in the last scrape that no counter can have; None when all are as they should be."""
        return self._scrapes[-1].odd.get(name) if self._scrapes else None

    def increases(self, name: str) -> dict[Series, float]:
        """By how much each series of that name grew over the window."""
        grown: dict[Series, float] = {}
        for scrape in list(self._scrapes)[1:]:
            for series, more in scrape.grown.items():
                if series.name == name:
                    grown[series] = grown.get(series, 0.0) + more
        return grown

    def increase(self, name: str) -> float:
        """By how much all series of that name grew together."""
        return sum(self.increases(name).values())

    def quantiles(self, name: str, shares: tuple[float, ...]) -> tuple[float, ...] | None:
        """Quantiles of a histogram's growth, as Prometheus' histogram_quantile; None when nothing was counted.

        What lies beyond the highest finite bound is given as that bound: at least so much. None, too, without a finite
        bound or without the one of infinity.
        """
        buckets: dict[float, float] = {}
        for series, grown in self.increases(f"{name}_bucket").items():
            bound = upper_bound(series)
            buckets[bound] = buckets.get(bound, 0.0) + grown
        bounds = sorted(bound for bound in buckets if not math.isnan(bound))
        if len(bounds) < 2 or not math.isinf(bounds[-1]):
            return None
        counted, below = [], 0.0
        for bound in bounds:  # A bucket counts all that lies below it: one that says less lags behind the others.
            below = max(below, buckets[bound])
            counted.append((bound, below))
        return tuple(_quantile(counted, share * below) for share in shares) if below > 0 else None


def upper_bound(series: Series) -> float:
    """A bucket's `le`; NaN when it has none that is a number."""
    try:
        return float(series.label("le"))
    except ValueError:
        return math.nan


def _quantile(buckets: list[tuple[float, float]], rank: float) -> float:
    """Interpolated within its bucket; the lowest begins at zero, as long as its bound is above that."""
    lower, below = 0.0, 0.0
    for number, (bound, counted) in enumerate(buckets):
        if counted >= rank:
            if math.isinf(bound):
                return lower
            if number == 0 and bound <= 0:
                return bound
            inside = counted - below
            return lower + (bound - lower) * ((rank - below) / inside if inside else 1.0)
        lower, below = bound, counted
    return lower
