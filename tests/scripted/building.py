"""Builds the timeline of a scripted response from a short YAML script (`*.script.yaml`; the words are in README.md).

A script says what users suffered, what monitoring said and what was done, second by second; the events that every
drill has are added. `like: FILE` takes over another script: keys replace, `then` adds acts, `without` leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from drills.impact.latency import bucket
from drills.model import events as e
from drills.model.playbook import Audience, Choice, MessageStatus, Milestone, Playbook
from drills.model.probe import Outcome, ProbeSpec
from drills.model.scenario import Scenario
from drills.model.timeline import Timeline

HERE = Path(__file__).parent
PLAYBOOKS = HERE.parent.parent / "playbooks"
#: Requests of each route in each second.
RATE = 10
ROUTES = ("home", "search", "orders", "checkout")
FAST, SLOW = 0.1, 3.0
HOME = {"name": "home", "tcp": {"host": "x", "port": 1}}


@lru_cache
def playbook(name: str) -> Playbook:
    return Playbook.model_validate(yaml.safe_load((PLAYBOOKS / f"{name}.yaml").read_text()))


def read_script(path: Path) -> dict[str, Any]:
    """The script of a file, with what it takes over from another one."""
    script: dict[str, Any] = yaml.safe_load(path.read_text())
    like = script.pop("like", None)
    if like is None:
        return script
    base = read_script(HERE / f"{like}.script.yaml")
    left_out = [str(word) for word in script.pop("without", [])]
    acts = [act for act in base["acts"] if str(act[1]) not in left_out and " ".join(map(str, act)) not in left_out]
    acts += script.pop("then", [])
    scenario = {**base.get("scenario", {}), **script.pop("scenario", {})}
    return {**base, "acts": acts, "scenario": scenario, **script}


def build(script: Mapping[str, Any]) -> Timeline:
    """The timeline of a script."""
    began = datetime.fromisoformat(script.get("began", "2026-11-24T10:00:00")).replace(tzinfo=UTC)
    events = sorted(_events(script), key=lambda event: event["t"])
    read = (
        e.EVENT_KINDS[event["kind"]].model_validate({"at": began + timedelta(seconds=event["t"]), **event, "seq": seq})
        for seq, event in enumerate(events)
    )
    return Timeline(read)  # type: ignore[arg-type]


def scenario_of(script: Mapping[str, Any]) -> Scenario:
    """What the scenario of a script says; everything that is scored can be replaced under `scenario`."""
    said = dict(script.get("scenario", {}))
    faults = [act for act in script["acts"] if act[1] == "fault"]
    begin = script["baseline"][1]
    return Scenario.model_validate(
        {
            "name": "scripted",
            "title": "A scripted response",
            "story": "Users complain.",
            "steady": {"probes": ["home"]},
            "timeline": [
                {"at": f"{act[0] - begin}s", "fault": {"kind": act[2]}, **_new_incident(act)} for act in faults
            ],
            "expect": {
                "detected-within": said.pop("detected-within", "80s"),
                "mitigated-within": said.pop("mitigated-within", "60s"),
                "mitigated-within-by-person": said.pop("mitigated-within-by-person", "20m"),
            },
            "truth": {
                "cause": "pool-exhausted",
                "among": ["pool-exhausted", "bad-deploy", "database-down", "traffic-surge"],
                "remedy": "Restart the app.",
                "remedies": said.pop("remedies", ["restart app*"]),
                "fix-minutes": said.pop("fix-minutes", 2),
                **said.pop("truth", {}),
            },
            "hints": ["Look at the pool.", "Look at who holds it.", "Look at the app.", "Restart the app."],
            "limits": {"duration": "2h"},
            **said,
        }
    )


def _new_incident(act: Sequence[Any]) -> dict[str, bool]:
    return {"new-incident": True} if "new-incident" in act[3:] else {}


def _events(script: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    since, until = script["baseline"]
    scenario = scenario_of(script)
    responder = script.get("responder", "person")
    yield {
        "kind": "drill-started", "t": 0.0, "drill_id": "INC-20261124-001", "drills_version": "1", "rules_version": 2,
        "scenario": scenario, "playbook": playbook(script["playbook"]), "driver": "local", "responder": responder,
        "probes": [ProbeSpec.model_validate(probe) for probe in script.get("probes", [HOME])],
        "remedies": scenario.truth.remedies if scenario.truth else (),
    }  # fmt: skip
    yield {"kind": "sandbox-ready", "t": 0.5, "services": {"app": "1"}, "release": "1.1.0", "seconds": 0.5}
    yield {"kind": "traffic-started", "t": 1.0, "users": 40, "requests_per_second": 40.0, "slow_after": 2.0}
    yield {"kind": "steady-state-held", "t": float(since), "seconds": float(since) - 1.0, "probes": {"home": 0.1}}
    yield {"kind": "baseline-taken", "t": float(until), "since": float(since), "until": float(until)}
    yield from traffic(script.get("suffering", []), script["end"])
    for number, act in enumerate(script["acts"]):
        yield from _act(act, number)
    yield {"kind": "drill-ended", "t": float(script["end"]), "reason": script.get("reason", "recovered")}


def traffic(suffering: Sequence[Mapping[str, Any]], end: float) -> Iterator[dict[str, Any]]:
    """A second of traffic after the other, up to `end`."""
    for second in range(2, math.floor(end) + 1):
        ails = [ail for ail in suffering if ail["from"] < second and ail["to"] > second - 1]
        yield _second(float(second), ails)


def _second(t: float, ails: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    routes: dict[str, dict[str, Any]] = {}
    moments: list[float] = []
    for route in ROUTES:
        failed = slow = fallbacks = 0
        for ail in ails:
            if route in ail.get("routes", ROUTES):
                failed += round(RATE * ail.get("failing", 0.0))
                slow += round(RATE * ail.get("slow", 0.0))
                fallbacks += round(RATE * ail.get("fallback", 0.0))
                if ail.get("failing") or ail.get("slow"):
                    moments += [max(t - 1.0, ail["from"]), min(t, ail["to"])]
        times = {bucket(FAST): RATE - slow, **({bucket(SLOW): slow} if slow else {})}
        counts = {"ok": RATE - failed - slow, "failed": failed, "slow": slow, "degraded": fallbacks}
        routes[route] = {**{name: count for name, count in counts.items() if count}, "latencies": times}
    unwell = {"first_suffering": min(moments), "last_suffering": max(moments)} if moments else {}
    started = RATE * len(ROUTES)
    return {
        "kind": "traffic-second", "t": t, "planned": started, "started": started, "routes": routes, "users": 40,
        "users_suffering": 10 if moments else 0, **unwell,
    }  # fmt: skip


def _act(act: Sequence[Any], number: int) -> Iterator[dict[str, Any]]:
    t, what, *rest = act
    t = float(t)
    match what:
        case "fault":
            yield {
                "kind": "fault-applied",
                "t": t,
                "fault": number_of_fault(act, number),
                "fault_kind": rest[0],
                "summary": rest[0],
            }
            yield {"kind": "fault-verified", "t": t, "fault": number_of_fault(act, number), "evidence": "seen"}
        case "alert":
            key, level, *probe = rest
            yield {
                "kind": "alert-fired",
                "t": t,
                "alert_id": f"{key}#1",
                "key": key,
                "level": level,
                "title": key,
                "reason": key,
                "probe": probe[0] if probe else None,
            }
        case "rise":
            yield {"kind": "alert-changed", "t": t, "alert_id": rest[0], "level": rest[1], "reason": "worse"}
        case "resolved":
            yield {"kind": "alert-resolved", "t": t, "alert_id": rest[0], "reason": "calm"}
        case "check":
            yield {"kind": "probe-observed", "t": t, "probe": rest[0], "outcome": Outcome(rest[1])}
        case "ack":
            yield {"kind": "acknowledged", "t": t, "alerts": rest}
        case "severity":
            yield {"kind": "severity-declared", "t": t, "level": rest[0]}
        case "commander":
            yield {"kind": "commander-named", "t": t, "commander": rest[0]}
        case "update":
            audience, status = Audience(rest[0]), MessageStatus(rest[1])
            yield {
                "kind": "update-posted",
                "t": t,
                "audience": audience,
                "status": status,
                "text": "",
                "message": "as the template says",
            }
        case "tick":
            for step in rest:
                yield {"kind": "step-checked", "t": t, "step": step, "text": str(step)}
        case "decide":
            estimate = {"fix_minutes": rest[1]} if len(rest) > 1 else {}
            yield {"kind": "decided", "t": t, "choice": Choice(rest[0]), **estimate}
        case "cause":
            yield {"kind": "cause-named", "t": t, "cause": rest[0]}
        case "escalate":
            yield {"kind": "escalated", "t": t, "rung": rest[0], "contact": "whoever"}
        case "hint":
            yield {"kind": "hint-taken", "t": t, "index": rest[0], "text": "a hint"}
        case "run" | "look" | "run-failing":
            command, seconds, *who = rest
            yield {
                "kind": "action-taken",
                "t": t,
                "command": command,
                "read_only": what == "look",
                "exit_status": int(what == "run-failing"),
                "seconds": float(seconds),
                "who": who[0] if who else "",
            }
        case "all-clear":
            yield {"kind": "all-clear", "t": t}
        case "correct":
            yield {
                "kind": "corrected",
                "t": t,
                "milestone": Milestone(rest[0]),
                "when": float(rest[1]),
                "why": "by phone",
            }
        case "pause" | "resume":
            yield {"kind": "paused" if what == "pause" else "resumed", "t": t}
        case _:
            raise ValueError(f"{what!r} is no act of a script")


def number_of_fault(act: Sequence[Any], number: int) -> int:
    return int(next((word for word in act[3:] if isinstance(word, int)), 0))
