"""Seconds of several workers, added up to one."""

from __future__ import annotations

import json
from typing import Any

from drills.traffic.merging import Merger, merged
from drills.traffic.second import Second
from drills.traffic.wire import second_line


def told(end: float, *, ok: int = 0, users: int = 0, sufferers: int = 0, lag: float = 0.0, cpu: float = 0.0) -> Any:
    second = Second(end, planned=ok, started=ok, users=users, sufferers=set(range(sufferers)))
    for _ in range(ok):
        second.route("home").ok += 1
        second.route("home").time(0.01)
    if sufferers:
        second.first_suffering, second.last_suffering = end - 0.5, end - 0.1 * sufferers
    message = json.loads(second_line(second, lag=lag, cpu=cpu, users_total=users, users_suffered=sufferers))
    message.pop("say")
    return message


def test_a_second_is_given_once_every_worker_has_told_it() -> None:
    merger = Merger(2)
    assert merger.add("a", told(1.0, ok=3)) == []
    assert merger.add("a", told(2.0, ok=4)) == []
    (first,) = merger.add("b", told(1.0, ok=2))
    assert (first["end"], first["planned"], first["routes"]["home"]["ok"]) == (1.0, 5, 5)
    (second,) = merger.add("b", told(2.0, ok=1))
    assert (second["end"], second["started"]) == (2.0, 5)


def test_seconds_come_in_order_though_one_worker_is_ahead() -> None:
    merger = Merger(2)
    for end in (1.0, 2.0, 3.0):
        assert merger.add("fast", told(end)) == []
    assert [second["end"] for end in (1.0, 2.0, 3.0) for second in merger.add("slow", told(end))] == [1.0, 2.0, 3.0]


def test_counts_are_added_and_the_lag_is_that_of_the_slowest() -> None:
    both = merged(
        [told(1.0, users=4, sufferers=1, lag=0.1, cpu=0.5), told(1.0, users=3, sufferers=3, lag=0.7, cpu=0.25)]
    )
    assert (both["users"], both["users_suffering"], both["users_total"], both["users_suffered"]) == (7, 4, 7, 4)
    assert (both["lag"], both["generator_cpu"]) == (0.7, 0.75)
    assert (both["first_suffering"], both["last_suffering"]) == (0.5, 0.9)


def test_histograms_of_a_route_are_added_bucket_by_bucket() -> None:
    both = merged([told(1.0, ok=2), told(1.0, ok=5)])
    assert sum(both["routes"]["home"]["latencies"].values()) == 7
