"""Latencies as counts in buckets: seconds, routes and drills add up exactly, and percentiles are within half a percent.

The buckets are those of DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
Relative-Error Guarantees", VLDB 2019, section 2): x seconds are in bucket ceil(log_gamma x), gamma = (1 + a) / (1 - a),
and a percentile in bucket i is told as 2 gamma^i / (gamma + 1), which is off by at most the share a.

The formula stands here, not in a library: the indices are stored with every drill and have to mean the same for ever.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

#: The largest relative error of a percentile. Half of the 1 % that is asked for: 4.95 s is never told as over 5 s.
ACCURACY = 0.005
#: Seconds; what is shorter is in the bucket of this.
SHORTEST = 0.0001

_GAMMA = (1.0 + ACCURACY) / (1.0 - ACCURACY)
_PER_BUCKET = math.log(_GAMMA)


def bucket(seconds: float) -> int:
    """Index of the bucket that holds this latency; negative below one second."""
    return math.ceil(math.log(max(seconds, SHORTEST)) / _PER_BUCKET)


def latency_of(index: int) -> float:
    """The latency in seconds by which a bucket is told."""
    return 2.0 * math.exp(index * _PER_BUCKET) / (_GAMMA + 1.0)


def merge(*counts: Mapping[int, int]) -> dict[int, int]:
    """The sum of counts by bucket."""
    total: dict[int, int] = {}
    for each in counts:
        for index, count in each.items():
            total[index] = total.get(index, 0) + count
    return total


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The latency in seconds that `share` (0 to 1) of the requests did not exceed; None when nothing was counted.

    It is the smallest latency with at least that share of the requests at or below it (nearest rank), within ACCURACY.
    """
    # A rank that is whole but for the rounding of the product is that rank.
    rank, seen = share * sum(counts.values()) * (1.0 - 1e-12), 0
    for index in sorted(counts):
        seen += counts[index]
        if seen >= rank:
            return latency_of(index)
    return None
