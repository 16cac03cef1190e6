"""What a second of traffic costs to count and to store, and the severity of a drill to compute.

    python -m benchmarks.traffic_seconds

Response times are log-normal around 30 ms (sigma 0.8).
"""

from __future__ import annotations

import random
import time
from dataclasses import asdict
from datetime import UTC, datetime

from drills.impact.assessment import assess
from drills.impact.coarse_latency import coarse_bucket
from drills.included import included_root
from drills.model.events import (
    BaselineTaken,
    DrillStarted,
    Event,
    FaultApplied,
    ProbeObserved,
    ResponderKind,
    TrafficSecond,
    event_to_json,
)
from drills.model.probe import Outcome
from drills.model.timeline import Timeline
from drills.scoring.measured import spells
from drills.traffic.second import Second
from drills.workspace.workspace import Workspace

ROUTES = ("home", "search", "orders", "login", "checkout", "receipt", "product")
SECONDS = 900
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def second(t: float, requests: int, chance: random.Random) -> TrafficSecond:
    """A second in which so many requests were answered well."""
    made = Second(t)
    for number in range(requests):
        tally = made.route(ROUTES[number % len(ROUTES)])
        tally.ok += 1
        tally.time(chance.lognormvariate(-3.5, 0.8))
    fields = asdict(made)
    del fields["sufferers"], fields["end"]
    return TrafficSecond(t=t, at=NOW, users_suffering=0, **(fields | {"planned": requests, "started": requests}))


def coarse(of: TrafficSecond, requests: int, chance: random.Random) -> TrafficSecond:
    """The same second as format 1 stored it."""
    histograms: dict[str, dict[int, int]] = {name: {} for name in of.routes}
    for number in range(requests):
        counts = histograms[ROUTES[number % len(ROUTES)]]
        index = coarse_bucket(chance.lognormvariate(-3.5, 0.8))
        counts[index] = counts.get(index, 0) + 1
    routes = {
        name: route.model_copy(update={"latencies": {}, "histogram": histograms[name]})
        for name, route in of.routes.items()
    }
    return of.model_copy(update={"routes": routes})


def stored() -> None:
    for requests in (20, 200, 2000):
        seconds = [second(float(t), requests, random.Random(t)) for t in range(20)]
        fine = sum(len(event_to_json(each)) for each in seconds) / len(seconds)
        before = [coarse(each, requests, random.Random(t)) for t, each in enumerate(seconds)]
        rough = sum(len(event_to_json(each)) for each in before) / len(before)
        tally, began = Second(1.0).route("home"), time.perf_counter()
        for _ in range(100_000):
            tally.time(0.0314)
        took = (time.perf_counter() - began) / 100_000
        sizes = f"{fine:6.0f} bytes a second ({rough:.0f} in format 1)"
        print(f"{requests:5d} requests/s: {sizes}, {took * 1e6:.1f} µs for each")


def severity() -> None:
    workspace, chance = Workspace.load(included_root()), random.Random(1)
    probes = tuple(workspace.probes.values())
    events: list[Event] = [
        DrillStarted(
            t=0.0, at=NOW, drill_id="INC-20261128-001", drills_version="0", rules_version=1,
            scenario=workspace.scenario("slow-query"), playbook=workspace.playbook("fastapi"), probes=probes,
            driver="local", responder=ResponderKind.NONE,
        )
    ]  # fmt: skip
    for t in range(SECONDS):
        events.append(second(t + 1.0, 20, chance))
        events += [
            ProbeObserved(t=t + 0.5, at=NOW, probe=spec.name, outcome=Outcome.PASS, phases={"total": 0.01})
            for number, spec in enumerate(probes)
            if t % max(1, int(spec.every.total_seconds())) == number % max(1, int(spec.every.total_seconds()))
        ]
    events += [
        BaselineTaken(t=10.0, at=NOW, since=0.0, until=10.0),
        FaultApplied(t=11.0, at=NOW, fault=0, fault_kind="drop-index", summary=""),
    ]
    timeline = Timeline(events)
    impact = assess(timeline)
    began = time.perf_counter()
    found = spells(timeline, impact)
    took = time.perf_counter() - began
    print(f"a drill of {SECONDS} s with {len(events)} events: severity in {took:.2f} s ({len(found)} thresholds held)")


if __name__ == "__main__":
    stored()
    severity()
