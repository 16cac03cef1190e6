"""Random drills: a few disturbances, each with many responses, in playbooks whose limits are ten times shorter.

Everything comes from one seed. Acts, alerts and impact come in every order: what is said before anything is
wrong, after the all-clear, twice, wrongly, or never.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from drills.model import events as e
from drills.model.playbook import Limit, Playbook
from drills.model.scenario import Scenario
from drills.model.timeline import Timeline
from tests.scripted.building import _act, playbook, scenario_of, traffic
from tests.scripted.naive_measuring import Incident, Measured, incidents_of, without_pauses

NAMES = ("fastapi", "nutriprofile", "pagerduty", "slurpy", "emotionscare")
BEGAN = datetime(2026, 11, 24, 10, tzinfo=UTC)
CAUSES = ("pool-exhausted", "bad-deploy", "database-down", "traffic-surge")
#: How many faults a drill has.
FAULTS = (1,)
#: Disturbances; each is answered in many ways.
WORLDS = 24


@dataclass(frozen=True)
class World:
    """What happens by itself: the faults, the traffic, the checks of probes; and what was measured of it."""

    playbook: Playbook
    scenario: Scenario
    faults: tuple[float, ...]
    wells: tuple[float, ...]
    end: float
    events: tuple[e.Event, ...]
    measured: Measured


@lru_cache
def hurried(name: str) -> Playbook:
    """A playbook with all that a response is measured by ten times shorter."""
    return Playbook.model_validate(_hurried(playbook(name)).model_dump())


def _hurried(book: Playbook) -> Playbook:
    limits = ("respond", "update_every", "mitigate", "resolve", "status_page")
    levels = [
        level.model_copy(update={field: _shorter(getattr(level, field)) for field in limits}) for level in book.levels
    ]
    return book.model_copy(
        update={
            "levels": tuple(levels),
            "triage": tuple(step.model_copy(update={"by": step.by and step.by / 10}) for step in book.triage),
            "phases": tuple(phase.model_copy(update={"by": phase.by and phase.by / 10}) for phase in book.phases),
            "escalation": tuple(
                rung.model_copy(update={"after": rung.after and rung.after / 20}) for rung in book.escalation
            ),
        }
    )  # fmt: skip


def _shorter(limit: Limit | None) -> Limit | None:
    if limit is None or (limit.within is None and limit.business_days is None):
        return limit
    return limit.model_copy(update={"within": (limit.within or timedelta(days=1)) / 10, "business_days": None})


def timelines(count: int, seed: int) -> Iterator[tuple[str, Timeline, Measured]]:
    """So many drills, each with a name that says how to make it again, and what was measured of it."""
    worlds = [_world(Random(f"{seed}-world-{number}"), NAMES[number % len(NAMES)]) for number in range(WORLDS)]
    for number in range(count):
        world = worlds[number % WORLDS]
        yield f"seed {seed}, drill {number}", _drill(Random(f"{seed}-drill-{number}"), world), world.measured


def _world(random: Random, name: str) -> World:
    book = hurried(name)
    faults, wells, suffering, t = [20.0], [], [], 20.0
    for _ in range(random.choice(FAULTS)):
        began = t + random.choice((10, 12, 20))
        well = began + random.choice((6, 20, 60, 110))
        ail: dict[str, Any] = {"from": began, "to": well}
        ail["failing"] = random.choice((0.0, 0.2, 0.6, 1.0))
        if not ail["failing"]:
            ail["slow"] = random.choice((0.3, 0.9))
        if random.random() < 0.3:
            ail["routes"] = random.sample(("home", "search", "orders", "checkout"), 2)
        suffering.append(ail)
        if random.random() < 0.25:  # worse for a while
            suffering.append({"from": began + 3, "to": well - 1, "slow": 0.1 if ail["failing"] < 1.0 else 0.0})
        wells.append(float(well))
        if random.random() < 0.25:  # a relapse
            again = well + random.choice((4, 15))
            suffering.append({"from": again, "to": again + 10, "failing": 0.6})
            wells.append(float(again + 10))
        t = wells[-1]
    end = wells[-1] + random.choice((5, 12, 20, 60))
    kind = random.choice(("exhaust-pool", "deploy-release"))
    script = {
        "playbook": name,
        "baseline": [5, 20],
        "acts": [
            [fault, "fault", kind, place, *(["new-incident"] if place and random.random() < 0.5 else [])]
            for place, fault in enumerate(faults)
        ],
        "scenario": _scenario(random, judged=kind == "deploy-release" or name == "emotionscare"),
    }
    probes = [{"name": "home", "tcp": {"host": "x", "port": 1}, "role": random.choice(("site", "feature"))}]
    checks: list[list[Any]] = []
    for t in range(3, int(end), 2):
        fails = any(ail["from"] <= t < ail["to"] and ail.get("failing") for ail in suffering)
        checks.append([t, "check", "home", "fail" if fails else "pass"])
    if random.random() < 0.5:
        checks = []
    if random.random() < 0.2:
        paused = float(random.randrange(int(suffering[0]["from"]) + 1, int(end) - 4))
        checks += [[paused, "pause"], [paused + random.choice((1.0, 3.0)), "resume"]]
    scenario = scenario_of(script)
    said: list[Mapping[str, Any]] = [
        {"kind": "sandbox-ready", "t": 0.5, "services": {"app": "1"}, "release": "1.1.0", "seconds": 0.5},
        {"kind": "traffic-started", "t": 1.0, "users": 40, "requests_per_second": 40.0, "slow_after": 2.0},
        {"kind": "steady-state-held", "t": 5.0, "seconds": 4.0, "probes": {"home": 0.1}},
        {"kind": "baseline-taken", "t": 20.0, "since": 5.0, "until": 20.0},
        *traffic(suffering, end),
        *(event for number, act in enumerate([*script["acts"], *checks]) for event in _act(act, number)),
        {"kind": "drill-ended", "t": float(end), "reason": random.choice(("recovered", "limit-reached"))},
    ]
    started = e.DrillStarted.model_validate(
        {
            "t": 0.0, "at": BEGAN, "drill_id": "INC-20261124-001", "drills_version": "1", "rules_version": 2,
            "scenario": scenario, "playbook": book, "probes": probes, "driver": "local", "responder": "person",
            "remedies": scenario.truth.remedies if scenario.truth else (),
        }
    )  # fmt: skip
    events = (started, *_events(said, 1))
    return World(book, scenario, tuple(faults), tuple(wells), float(end), events, Measured())


def _scenario(random: Random, *, judged: bool) -> dict[str, Any]:
    """What a scenario may say about limits and truth; `judged` where a rule of the playbook speaks of its decision."""
    said: dict[str, Any] = {"truth": {}}
    said["detected-within"] = random.choice(("10s", "20s", "80s"))
    said["mitigated-within-by-person"] = random.choice(("30s", "2m", "20m"))
    if random.random() < 0.5:
        said["remedies"] = []
    if judged and random.random() < 0.3:
        said["truth"]["right-choices"] = [random.choice(("fix", "rollback", "wait"))]
    said["fix-minutes"] = random.choice((None, 2, 30))
    if random.random() < 0.2:
        said["truth"]["severity-floor"] = {"rank": random.choice((0, 1)), "why": "data is lost"}
    return said


def _drill(random: Random, world: World) -> Timeline:
    """One way to answer."""
    started = world.events[0]
    assert isinstance(started, e.DrillStarted)
    responder = random.choices(("person", "runbook", "none"), (10, 1, 1))[0]
    acts = [*_alerts(random, world), *(_repairs(random, world) if responder != "none" else [])]
    if responder == "person" and random.random() < 0.6:
        acts += _worsened(random, world, _good_responses(random, world, acts))
    elif responder == "person":
        acts += _responses(random, world)
    first = _incidents(world, [act for act in acts if act[1] in ("alert", "rise", "resolved")])[0]
    acts = [act for act in acts if act[0] >= first.response + 3 or not _says_resolved(act)]
    said = [
        event for number, act in enumerate(sorted(acts, key=lambda act: float(act[0]))) for event in _act(act, number)
    ]
    changed = started.model_copy(update={"responder": e.ResponderKind(responder)})
    return Timeline([changed, *world.events[1:], *_events(said, 100_000)])


def _incidents(world: World, acts: Sequence[Sequence[Any]]) -> list[Incident]:
    known = [event for number, act in enumerate(acts) for event in _act(act, number)]
    return incidents_of(without_pauses(Timeline([*world.events, *_events(known, 100_000)])), world.measured)


def _says_resolved(act: Sequence[Any]) -> bool:
    return act[1] == "all-clear" or (act[1] == "update" and act[3] == "resolved")


def _good_responses(random: Random, world: World, alerts: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """What somebody would say who knows what happens."""
    found: list[list[Any]] = []
    for incident in _incidents(world, alerts):
        r, level = incident.response + random.choice((0.1, 1.0, 5.0)), incident.levels[-1][0]
        well = incident.recovered if incident.recovered is not None else incident.end
        found += [
            [r + 0.1, "severity", level],
            [r + 0.2, "commander", "Kim"],
            [r + 0.3, "update", "team", "investigating"],
        ]
        found += [[r + 0.4, "update", "status-page", "investigating"], [r + 0.5, "cause", CAUSES[0]]]
        found += [
            [r + 0.6, "tick", *range(len(world.playbook.triage))],
            [r + 0.7, "decide", random.choice(("fix", "rollback"))],
        ]
        found += [[max(r, paged) + 0.8, "ack", alert] for alert, paged, _ in incident.pages]
        found += [[r + 10.0 * n, "update", "team", "identified"] for n in range(1, random.choice((2, 8)))]
        found += [[max(r, well) + random.choice((0.9, 3.0, 8.0)), "all-clear"]]
    return [[round(act[0], 1), *act[1:]] for act in found if act[0] < world.end]


def _worsened(random: Random, world: World, good: list[list[Any]]) -> list[list[Any]]:
    """The same with some left out, some at another time, and some of what anybody might say besides."""
    kept = [act for act in good if random.random() > 0.1]
    moved = [[_moment(random, world, act[0] - 5), *act[1:]] if random.random() < 0.2 else act for act in kept]
    more = _responses(random, world)
    return [*moved, *random.sample(more, min(len(more), random.choice((0, 0, 1, 3))))]


def _events(said: Sequence[Mapping[str, Any]], first: int) -> list[e.Event]:
    return [
        e.EVENT_KINDS[event["kind"]].model_validate({"at": BEGAN + timedelta(seconds=event["t"]), "seq": seq, **event})  # type: ignore[misc]
        for seq, event in enumerate(said, start=first)
    ]


def _moment(random: Random, world: World, since: float | None = None) -> float:
    """Any time; often just where something happens."""
    near = random.choice((*world.faults, *world.wells))
    since = world.faults[0] - 8 if since is None else since
    t = near + random.uniform(-2, 30) if random.random() < 0.5 else random.uniform(since, world.end)
    return round(min(max(t, since), world.end - 0.1), 1)


def _alerts(random: Random, world: World) -> list[list[Any]]:
    """Alerts that fire before or after a fault, rise, and are resolved."""
    levels = [level.name for level in world.playbook.levels]
    found: list[list[Any]] = []
    for key in random.sample(("site", "orders", "pool", "latency"), random.choice((0, 1, 2, 3))):
        near = random.choice(world.faults)
        fired = round(near + random.choice((-12.0, 1.0, 2.0, 4.0, 8.0, 21.0, 45.0)) + random.random(), 1)
        fired = min(fired, world.end - 3)
        rank = random.randrange(len(levels))
        found.append([fired, "alert", key, levels[rank], *(["home"] if random.random() < 0.3 else [])])
        if rank and fired > near and random.random() < 0.3:
            found.append([round(fired + random.uniform(0.5, 2.0), 1), "rise", f"{key}#1", levels[rank - 1]])
        if random.random() < 0.4:
            over = fired + random.uniform(2.5, 60)
            found += [[round(over, 1), "resolved", f"{key}#1"]] if over < world.end else []
    return found


def _repairs(random: Random, world: World) -> list[list[Any]]:
    found = []
    for well in world.wells:
        if random.random() < 0.8:
            command = random.choice(("restart app", "restart app", "rollback", "scale app 3"))
            t = round(min(well + random.choice((-1.0, 0.5, 2.0, 4.0)), world.end - 0.1), 1)
            what = random.choices(("run", "run-failing", "look"), (10, 1, 1))[0]
            found.append([t, what, f"drills sandbox {command}", random.choice((0.5, 3)), random.choice(("", "me"))])
    return found


def _responses(random: Random, world: World) -> list[list[Any]]:
    """What a person says: each kind never, once, or more often."""
    levels = [level.name for level in world.playbook.levels]
    rungs = [rung.name for rung in world.playbook.escalation] or ["nobody"]
    content = {
        "ack": lambda: [],
        "severity": lambda: [random.choice(levels)],
        "commander": lambda: [random.choice(("Kim", "me"))],
        "update": lambda: [
            random.choice(("team", "status-page", "users")),
            random.choice(("investigating", "identified", "resolved")),
        ],
        "tick": lambda: random.sample(range(len(world.playbook.triage)), 4),
        "decide": lambda: [random.choice(("fix", "rollback", "wait")), *random.choice(([], [2.0], [20.0]))],
        "cause": lambda: [random.choice((CAUSES[0], *CAUSES))],
        "escalate": lambda: [random.choice(rungs)],
        "hint": lambda: [random.randrange(4)],
        "all-clear": lambda: [],
    }
    found: list[list[Any]] = []
    for what, said in content.items():
        for _ in range(random.choices((0, 1, 2, 4), (3, 6, 3, 1))[0]):
            found.append([_moment(random, world), what, *said()])
    if random.random() < 0.6:
        found.append([round(min(world.wells[-1] + random.uniform(0.1, 12), world.end - 0.1), 1), "all-clear"])
    return found
