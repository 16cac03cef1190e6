"""Times of which some were not reached: what is known of them is that they are longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """Seconds from one moment to another; when `censored`, at least that long: the other was not reached."""

    seconds: float
    censored: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of some intervals, in seconds.

    `median` and `p90` are Kaplan and Meier's: the shortest time by which so many of all had reached it; None when too
    few ever did, and then they are longer than the longest time watched. `mean` counts what was not reached as its
    lower bound, so that with `not_reached` it is itself one. None of no intervals.
    """

    points: tuple[Interval, ...]
    not_reached: int
    median: float | None
    p90: float | None
    mean: float | None


def summary(intervals: Sequence[Interval]) -> Summary:
    """The summary of these intervals, which keep their order."""
    points = tuple(intervals)
    if not points:
        return Summary((), 0, None, None, None)
    median, p90 = _quantiles(points, (0.5, 0.9))
    mean = sum(point.seconds for point in points) / len(points)
    return Summary(points, sum(point.censored for point in points), median, p90, mean)


def _quantiles(points: Sequence[Interval], shares: Sequence[float]) -> list[float | None]:
    # 1 s to load; nothing but the history of drills needs it.
    from scipy.stats import CensoredData, ecdf

    sample = CensoredData.right_censored([point.seconds for point in points], [point.censored for point in points])
    survival = ecdf(sample).sf
    steps = list(zip(survival.quantiles.tolist(), survival.probabilities.tolist(), strict=True))
    # A probability such as 1 − 0.9 is not exact in binary.
    return [next((float(t) for t, left in steps if left <= 1 - share + 1e-9), None) for share in shares]
