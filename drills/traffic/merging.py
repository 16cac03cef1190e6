"""The seconds of several workers as one. Pure: it takes the workers' seconds as they are sent (`wire.second_line`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

_SUMS = ("planned", "started", "users", "users_suffering", "overdue", "users_total", "users_suffered")
_TALLIES = ("ok", "slow", "failed", "missed", "degraded")
_COUNTED = ("errors", "latencies")


class Merger:
    """Gives a second once every worker has reported it. All workers count seconds from the same start."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._waiting: dict[float, dict[str, dict[str, Any]]] = defaultdict(dict)

    def add(self, worker: str, second: dict[str, Any]) -> list[dict[str, Any]]:
        """A worker's second; returns those that are whole now, in order."""
        self._waiting[second["end"]][worker] = second
        whole = []
        for end in sorted(self._waiting):
            if len(self._waiting[end]) < self._workers:
                break
            whole.append(merged(list(self._waiting.pop(end).values())))
        return whole


def merged(seconds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One second of all workers: counts added up, the generator's lag that of the slowest."""
    result: dict[str, Any] = {name: sum(second[name] for second in seconds) for name in _SUMS}
    result["end"] = seconds[0]["end"]
    result["routes"] = _routes(seconds)
    result["overdue_routes"] = _added([second["overdue_routes"] for second in seconds])
    result["unanswered"] = _added([second["unanswered"] for second in seconds])
    first = [second["first_suffering"] for second in seconds if second["first_suffering"] is not None]
    last = [second["last_suffering"] for second in seconds if second["last_suffering"] is not None]
    result["first_suffering"] = min(first, default=None)
    result["last_suffering"] = max(last, default=None)
    result["lag"] = max(second["lag"] for second in seconds)
    result["generator_cpu"] = sum(second["generator_cpu"] for second in seconds)
    return result


def _routes(seconds: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(name for second in seconds for name in second["routes"])
    routes = {}
    for name in names:
        tallies = [second["routes"][name] for second in seconds if name in second["routes"]]
        routes[name] = {each: sum(tally[each] for tally in tallies) for each in _TALLIES}
        routes[name] |= {each: _added([tally[each] for tally in tallies]) for each in _COUNTED}
    return routes


def _added(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for each in counts:
        for name, count in each.items():
            total[name] += count
    return dict(total)
