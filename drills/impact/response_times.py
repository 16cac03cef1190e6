"""The response times of requests, of drills of every format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drills.impact.coarse_latency import COARSE_BOUNDS, coarse_bucket, coarse_percentile
from drills.impact.latency import bucket, merge, percentile
from drills.model.events import RouteSecond, TrafficSecond


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """Requests counted by how long they took; `coarse` when they were stored in the buckets of format 1."""

    counts: Mapping[int, int]
    coarse: bool

    @classmethod
    def of(cls, routes: Iterable[RouteSecond]) -> ResponseTimes:
        """Of the requests that ended on these routes, in these seconds; all of one drill."""
        routes = tuple(routes)
        histogram = merge(*(route.histogram for route in routes))
        if histogram:
            return cls(histogram, coarse=True)
        return cls(merge(*(route.latencies for route in routes)), coarse=False)

    def percentile(self, share: float) -> float | None:
        """The seconds that `share` (0 to 1) of them did not exceed; None without any. Off by at most half a percent,
        or in format 1 by the width of a bucket, 25 %.
        """
        return (coarse_percentile if self.coarse else percentile)(self.counts, share)

    def and_longer_than(self, seconds: float, requests: int) -> ResponseTimes:
        """With so many more that took just over `seconds`."""
        if not requests:
            return self
        index = min(coarse_bucket(seconds) + 1, len(COARSE_BOUNDS) - 1) if self.coarse else bucket(seconds) + 1
        return ResponseTimes(merge(self.counts, {index: requests}), self.coarse)

    def and_unanswered(self, ages: Mapping[int, int]) -> ResponseTimes:
        """With these more that are not answered yet, by how long ago they were sent: they take at least that."""
        return ResponseTimes(merge(self.counts, ages), self.coarse) if ages else self


def response_times(seconds: Sequence[TrafficSecond]) -> ResponseTimes:
    """Of all requests that ended in these seconds."""
    return ResponseTimes.of(route for second in seconds for route in second.routes.values())
