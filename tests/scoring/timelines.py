"""Drills in ten lines, for tests: traffic second by second, and what everybody did.

    drill().baseline().fault().well(2).suffering(20, "checkout").well(12)
           .alert(11.0, "SEV1").acknowledged(12.0).action(20.0).all_clear(30.0).ended().timeline()

Every method gives a new drill. Traffic is laid one second after the other from t = 0, with the clock standing at
`now`; what monitoring and the responder do is given its t, or happens now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from drills.impact.latency import bucket
from drills.model.events import (
    Acknowledged,
    ActionTaken,
    AlertFired,
    AlertResolved,
    AllClear,
    BaselineTaken,
    CauseNamed,
    CommanderNamed,
    Corrected,
    Decided,
    DrillEnded,
    DrillStarted,
    EndReason,
    Event,
    FaultApplied,
    FaultVerified,
    HintTaken,
    PostMortemDrafted,
    ProbeObserved,
    ResponderKind,
    RouteSecond,
    RunbookFinished,
    RunbookStarted,
    SandboxReady,
    SeverityDeclared,
    SteadyStateHeld,
    StepChecked,
    StepFinished,
    TrafficEnded,
    TrafficSecond,
    TrafficStarted,
    UndoSettled,
    UndoWritten,
    UpdatePosted,
)
from drills.model.playbook import Audience, Choice, MessageStatus, Milestone, Playbook
from drills.model.probe import Outcome, ProbeSpec
from drills.model.scenario import Scenario
from drills.scoring.score import RULES_VERSION

#: When every drill of the tests began.
BEGAN = datetime(2026, 11, 19, 13, 0, 0, tzinfo=UTC)
#: Requests per second of each route before the fault.
RATES: Mapping[str, int] = {"home": 8, "orders": 6, "checkout": 6}
USERS = 20

PLAYBOOK = Playbook.model_validate(
    {
        "name": "test",
        "title": "A policy for tests",
        "levels": [
            {
                "name": "SEV1",
                "means": "Complete outage",
                "respond": {"within": "5m", "source": "line 1"},
                "update-every": {"within": "15m", "source": "line 2"},
                "mitigate": {"within": "1h", "source": "line 3"},
                "resolve": {"within": "4h", "source": "line 4"},
                "status-page": {"within": "5m", "source": "line 5"},
                "post-mortem": {"within": "48h", "source": "line 6"},
            },
            {
                "name": "SEV2",
                "means": "Major degradation",
                "respond": {"within": "15m", "source": "line 7"},
                "update-every": {"within": "30m", "source": "line 8"},
                "mitigate": {"within": "4h", "source": "line 9"},
            },
            {
                "name": "SEV3",
                "means": "Some users",
                "respond": {"within": "1h", "source": "line 10"},
                "mitigate": {"says": "next sprint", "source": "line 11"},
            },
        ],
        "thresholds": [
            {"level": "SEV1", "when": "error_rate > 0.5", "for": "5s", "source": "line 12"},
            {"level": "SEV2", "when": "error_rate > 0.05", "for": "5s", "source": "line 13"},
            {"level": "SEV2", "when": "p95 > 2.0", "for": "5s", "source": "line 14"},
            {"level": "SEV2", "when": "database_failing", "for": "0s", "source": "line 15"},
            {"level": "SEV3", "when": "error_rate > 0.01", "for": "5s", "source": "line 16"},
        ],
        "triage": [
            {"by": "1m", "step": "Acknowledge the alert", "milestone": "acknowledged", "source": "line 17"},
            {"by": "2m", "step": "Look at what changed", "source": "line 18"},
        ],
        "decisions": [
            {
                "when": "minutes_since_deploy < 15.0",
                "decide": "rollback",
                "why": "deployed a moment ago",
                "source": "line 19",
            },
            {"when": "fix_minutes < 5.0", "decide": "fix", "why": "a short fix", "source": "line 20"},
            {"when": "true", "decide": "rollback", "why": "longer or unknown", "source": "line 21"},
        ],
    }
)

SCENARIO = Scenario.model_validate(
    {
        "name": "bad-deploy",
        "title": "A release with a bug",
        "story": "Customers say that they cannot pay.",
        "steady": {"hold": "5s", "probes": ["home", "database"]},
        "traffic": {"users": USERS},
        "timeline": [{"at": "0s", "fault": {"kind": "deploy", "release": "1.2"}}],
        "expect": {"detected-within": "30s", "mitigated-within": "1m"},
        "truth": {
            "cause": "bad-deploy",
            "among": ["bad-deploy", "missing-index", "lock-contention"],
            "remedy": "Roll back.",
        },
        "hints": ["What changed?"],
        "limits": {"duration": "10m"},
        "settle": "10s",
        "baseline": "5s",
    }
)

PROBES = (
    ProbeSpec.model_validate({"name": "home", "http": {"url": "${app}/"}}),
    ProbeSpec.model_validate({"name": "database", "postgres": {"url": "${database}"}, "role": "database"}),
)


def scenario(**changes: Any) -> Scenario:
    """The scenario of the tests with other fields, given as in YAML (`users_affected=False`, `settle="5s"`)."""
    return Scenario.model_validate(json.loads(SCENARIO.model_dump_json(by_alias=False)) | changes)


def playbook(**changes: Any) -> Playbook:
    """The playbook of the tests with other fields, given as in YAML."""
    return Playbook.model_validate(json.loads(PLAYBOOK.model_dump_json(by_alias=False)) | changes)


#: The control drill: nothing is injected.
QUIET = scenario(name="quiet", title="Nothing happens", timeline=[], truth=None, expect={}, hints=[])


@dataclass(frozen=True)
class Drill:
    """A drill under construction. `now` is t of the end of its last second of traffic."""

    events: tuple[Event, ...]
    now: float = 0.0
    rates: Mapping[str, int] = field(default_factory=lambda: dict(RATES))

    # ---- building blocks ----------------------------------------------------------------------------------------

    def add(self, kind: type[Any], t: float | None = None, **fields: Any) -> Self:
        """One event of that kind, at `t` or now."""
        when = self.now if t is None else t
        event = kind(t=when, at=BEGAN + timedelta(seconds=when), seq=len(self.events), **fields)
        return replace(self, events=(*self.events, event))

    def timeline(self) -> Any:
        from drills.model.timeline import Timeline

        return Timeline(self.events)

    # ---- the course -----------------------------------------------------------------------------------------------

    def baseline(self, seconds: int = 5) -> Self:
        """The sandbox is up, users come, the steady state holds and the baseline is taken."""
        begun = (
            self.add(SandboxReady, services={"app": "1.1", "database": "18.0"}, release="1.1", seconds=4.2)
            .add(
                TrafficStarted,
                users=USERS,
                requests_per_second=float(sum(self.rates.values())),
                slow_after=2.0,
            )
            .add(SteadyStateHeld, seconds=5.0, probes={"home": 0.004, "database": 0.001})
        )
        since = begun.now
        measured = begun.well(seconds)
        return measured.add(BaselineTaken, since=since, until=measured.now)

    def fault(self, index: int = 0, kind: str = "deploy", t: float | None = None) -> Self:
        """A fault is applied and verified, its undo written before."""
        return (
            self.add(UndoWritten, t, fault=index, journal_id=41 + index, summary="deploy release 1.1")
            .add(FaultApplied, t, fault=index, fault_kind=kind, summary="deploy release 1.2")
            .add(FaultVerified, t, fault=index, evidence="/version says 1.2")
        )

    def ended(self, reason: EndReason = EndReason.RECOVERED, t: float | None = None, users_suffered: int = 9) -> Self:
        """What is scored ends; the undo is settled after it."""
        return (
            self.add(DrillEnded, t, reason=reason)
            .add(TrafficEnded, t, users_total=USERS, users_suffered=users_suffered)
            .add(UndoSettled, t, journal_id=41, summary="deploy release 1.1")
        )

    # ---- traffic ----------------------------------------------------------------------------------------------------

    def well(self, seconds: int, *, seconds_each: float = 0.02, degraded: str = "") -> Self:
        """Users are served: `degraded` names a route whose answers come from a fallback."""
        drill = self
        for _ in range(seconds):
            routes = {
                name: RouteSecond(
                    ok=rate, degraded=rate if name == degraded else 0, latencies={bucket(seconds_each): rate}
                )
                for name, rate in self.rates.items()
            }
            drill = drill.second(routes)
        return drill

    def suffering(
        self, seconds: int, *routes: str, share: float = 1.0, slow: bool = False, takes: float = 0.05, at: float = 0.2
    ) -> Self:
        """Users of these routes (all, when none is named) get errors, or slow answers; `share` of the requests.

        In each second the first of them suffers at `at`, the last at 0.9.
        """
        drill = self
        for _ in range(seconds):
            counts = {}
            for name, rate in self.rates.items():
                bad = round(rate * share) if not routes or name in routes else 0
                good = {bucket(0.02): rate - bad} if rate > bad else {}
                counts[name] = RouteSecond(
                    ok=rate - bad,
                    slow=bad if slow else 0,
                    failed=0 if slow else bad,
                    errors={} if slow or not bad else {"500": bad},
                    latencies={**good, **({bucket(4.0 if slow else takes): bad} if bad else {})},
                )
            drill = drill.second(counts, first=drill.now + at, last=drill.now + 0.9)
        return drill

    def stalled(self, seconds: int) -> Self:
        """The app accepts and never answers: users wait, and their next requests are missed."""
        drill = self
        for index in range(seconds):
            drill = drill.second(
                {name: RouteSecond(missed=rate) if index > 1 else RouteSecond() for name, rate in self.rates.items()},
                started=0 if index > 1 else None,
                overdue=dict(self.rates) if index > 1 else {},
                first=drill.now + 0.1 if index > 1 else None,
                last=drill.now + 1.0 if index > 1 else None,
            )
        return drill

    def silence(self, seconds: int) -> Self:
        """No traffic is offered at all."""
        drill = self
        for _ in range(seconds):
            drill = drill.second({}, planned=0, started=0)
        return drill

    def unmeasured(self, seconds: int) -> Self:
        """Time passes and no report of the traffic comes."""
        return replace(self, now=self.now + seconds)

    def second(
        self,
        routes: Mapping[str, RouteSecond],
        *,
        planned: int | None = None,
        started: int | None = None,
        overdue: Mapping[str, int] | None = None,
        first: float | None = None,
        last: float | None = None,
        lag: float = 0.0,
    ) -> Self:
        """One second of traffic, as given."""
        load = sum(self.rates.values())
        suffering = sum(route.failed + route.slow + route.missed for route in routes.values())
        late = replace(self, now=round(self.now + 1.0, 6))
        return late.add(
            TrafficSecond,
            planned=load if planned is None else planned,
            started=load if started is None else started,
            routes=dict(routes),
            users=USERS,
            users_suffering=min(USERS, suffering + sum((overdue or {}).values())),
            overdue=sum((overdue or {}).values()),
            overdue_routes=dict(overdue or {}),
            first_suffering=first,
            last_suffering=last,
            lag=lag,
            generator_cpu=0.05,
        )

    # ---- monitoring -------------------------------------------------------------------------------------------------

    def alert(self, t: float | None = None, level: str = "SEV1", key: str = "error-rate", number: int = 1) -> Self:
        return self.add(
            AlertFired,
            t,
            alert_id=f"{key}-{number}",
            key=key,
            level=level,
            title=f"{key} is over its threshold",
            reason="error_rate > 0.5 for 5 s",
            probe="shop-metrics",
        )

    def resolved(self, t: float | None = None, key: str = "error-rate", number: int = 1) -> Self:
        return self.add(AlertResolved, t, alert_id=f"{key}-{number}", reason="below its threshold for 10 s")

    def observed(
        self, t: float, probe: str = "database", *, ok: bool, vantage: str = "local", **metrics: float
    ) -> Self:
        """One run of a probe."""
        return self.add(
            ProbeObserved,
            t,
            probe=probe,
            outcome=Outcome.PASS if ok else Outcome.FAIL,
            reason="" if ok else "connection refused",
            phases={"total": 0.004},
            metrics=metrics,
            vantage=vantage,
        )

    # ---- responder --------------------------------------------------------------------------------------------------

    def acknowledged(self, t: float | None = None) -> Self:
        return self.add(Acknowledged, t)

    def severity(self, level: str, t: float | None = None) -> Self:
        return self.add(SeverityDeclared, t, level=level)

    def commander(self, t: float | None = None, who: str = "the second on call") -> Self:
        return self.add(CommanderNamed, t, commander=who)

    def update(
        self,
        t: float | None = None,
        audience: Audience = Audience.TEAM,
        next_due: float | None = None,
        status: MessageStatus = MessageStatus.INVESTIGATING,
    ) -> Self:
        return self.add(
            UpdatePosted, t, audience=audience, status=status, text="looking", message="DRILL …", next_due=next_due
        )

    def checked(self, step: int, t: float | None = None) -> Self:
        return self.add(StepChecked, t, step=step, text="done")

    def decided(self, choice: Choice, t: float | None = None, **fields: Any) -> Self:
        return self.add(Decided, t, choice=choice, **fields)

    def cause(self, cause: str, t: float | None = None) -> Self:
        return self.add(CauseNamed, t, cause=cause)

    def hint(self, t: float | None = None) -> Self:
        return self.add(HintTaken, t, index=0, text="What changed?")

    def action(self, t: float | None = None, *, read_only: bool = False, seconds: float = 1.0) -> Self:
        """A command of the sandbox that ended at `t`."""
        return self.add(
            ActionTaken,
            t,
            command="drills sandbox logs" if read_only else "drills sandbox rollback",
            read_only=read_only,
            exit_status=0,
            seconds=seconds,
        )

    def runbook(self, *steps: tuple[str, float], ok: bool = True) -> Self:
        """A runbook whose steps (name, t of the end) each took a second."""
        drill = self.add(
            RunbookStarted, steps[0][1] - 1.0, runbook="bad-deploy", steps=tuple(name for name, _ in steps)
        )
        for name, t in steps:
            drill = drill.add(
                StepFinished,
                t,
                step=name,
                section="Mitigation",
                command="drills sandbox rollback",
                ok=ok,
                exit_status=0 if ok else 1,
                seconds=1.0,
                output="deployed 1.1",
            )
        return drill.add(RunbookFinished, steps[-1][1], ok=ok, stopped_at=None if ok else steps[-1][0])

    def all_clear(self, t: float | None = None) -> Self:
        return self.add(AllClear, t, text="all good")

    def post_mortem(self, t: float | None = None) -> Self:
        return self.add(PostMortemDrafted, t, path="post-mortem.md")

    def corrected(self, milestone: Milestone, when: float, t: float | None = None) -> Self:
        return self.add(Corrected, t, milestone=milestone, when=when, why="by phone")


def drill(
    responder: ResponderKind = ResponderKind.RUNBOOK,
    *,
    scenario: Scenario = SCENARIO,
    playbook: Playbook = PLAYBOOK,
    probes: tuple[ProbeSpec, ...] = PROBES,
    rules_version: int = RULES_VERSION,
    **fields: Any,
) -> Drill:
    """A drill that has just begun."""
    return Drill(()).add(
        DrillStarted,
        drill_id="INC-20261119-001",
        drills_version="0.1.0",
        rules_version=rules_version,
        scenario=scenario,
        playbook=playbook,
        probes=probes,
        driver="local",
        responder=responder,
        runbook="bad-deploy" if responder is ResponderKind.RUNBOOK else None,
        **fields,
    )


def rolled_back() -> Drill:
    """A runbook that rolls a bad release back: checkout fails from 7.2 s to 20.9 s, the drill ends at 33 s."""
    return (
        drill()
        .baseline()
        .fault()
        .well(2)
        .suffering(14, "checkout")
        .well(12)
        .alert(12.4, "SEV2")
        .acknowledged(12.5)
        .severity("SEV2", 12.6)
        .runbook(("what-changed", 15.0), ("roll-back", 20.5))
        .cause("bad-deploy", 15.1)
        .update(21.5)
        .all_clear(32.0)
        .ended()
    )


def by_a_person() -> Drill:
    """A person who does everything the playbook asks, in time; the same outage as `rolled_back`."""
    return (
        drill(ResponderKind.PERSON)
        .baseline()
        .fault()
        .well(2)
        .suffering(30, "checkout")
        .well(14)
        .alert(12.4, "SEV2")
        .acknowledged(14.0)
        .severity("SEV2", 16.0)
        .commander(18.0)
        .update(20.0, next_due=1820.0)
        .checked(0, 14.0)
        .checked(1, 22.0)
        .decided(Choice.ROLLBACK, 30.0)
        .action(36.0)
        .cause("bad-deploy", 38.0)
        .all_clear(49.0)
        .post_mortem(50.0)
        .ended()
    )
