"""Latency histograms: fixed buckets, so that seconds, routes and drills can be added up exactly."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

#: Upper bounds in seconds, each 1.25 times the one before: from 1 ms to over two minutes, at most 25 % wide.
LATENCY_BOUNDS: tuple[float, ...] = tuple(round(0.001 * 1.25**step, 6) for step in range(54))


def bucket(seconds: float) -> int:
    """Index of the bucket that holds this latency; the last one holds all that is longer."""
    return min(bisect_left(LATENCY_BOUNDS, seconds), len(LATENCY_BOUNDS) - 1)


def merge(*histograms: Mapping[int, int]) -> dict[int, int]:
    """The sum of histograms."""
    total: dict[int, int] = {}
    for histogram in histograms:
        for index, count in histogram.items():
            total[index] = total.get(index, 0) + count
    return total


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """The latency in seconds that `share` (0 to 1) of the requests did not exceed; None for an empty histogram.

    Interpolated linearly within the bucket, as Prometheus' histogram_quantile does.
    """
    total = sum(histogram.values())
    if not total:
        return None
    rank, seen = share * total, 0
    for index in sorted(histogram):
        count = histogram[index]
        if seen + count >= rank:
            lower = LATENCY_BOUNDS[index - 1] if index else 0.0
            return lower + (LATENCY_BOUNDS[index] - lower) * max(0.0, rank - seen) / count
        seen += count
    return LATENCY_BOUNDS[max(histogram)]
