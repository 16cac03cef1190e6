"""The latency histograms of drills that were stored in format 1: 54 buckets, each at most 25 % wide.

They are read for ever, and never written any more: `drills.impact.latency` has the buckets of today.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

#: Upper bounds in seconds, each 1.25 times the one before: from 1 ms to over two minutes.
COARSE_BOUNDS: tuple[float, ...] = tuple(round(0.001 * 1.25**step, 6) for step in range(54))


def coarse_bucket(seconds: float) -> int:
    """Index of the bucket that holds this latency; the last one holds all that is longer."""
    return min(bisect_left(COARSE_BOUNDS, seconds), len(COARSE_BOUNDS) - 1)


def coarse_percentile(histogram: Mapping[int, int], share: float) -> float | None:
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
            lower = COARSE_BOUNDS[index - 1] if index else 0.0
            return lower + (COARSE_BOUNDS[index] - lower) * max(0.0, rank - seen) / count
        seen += count
    return COARSE_BOUNDS[max(histogram)]
