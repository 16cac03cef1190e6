"""A drill that has everything a report can show, written by hand: a search without its index, repaired by a runbook."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from drills.impact.latency import bucket
from drills.model import events as e
from drills.model.events import Event, ResponderKind
from drills.model.playbook import (
    Audience,
    Choice,
    DecisionRule,
    Level,
    Limit,
    MessageStatus,
    Milestone,
    Phase,
    Playbook,
    Rung,
    TriageStep,
)
from drills.model.probe import Outcome, ProbeSpec, Role
from drills.model.scenario import Expect, FaultSpec, Injection, Scenario, Steady, Traffic, Truth
from drills.model.scorecard import (
    Basis,
    Deduction,
    DrillResult,
    Impact,
    Recovery,
    Row,
    Scorecard,
    Severity,
    Topic,
    Verdict,
)
from drills.model.timeline import Timeline

BEGAN = datetime(2026, 11, 21, 14, 3, 0, tzinfo=UTC)
INJECTED, IMPACT, DETECTED, MITIGATED, END = 20.0, 22.2, 27.4, 49.6, 66.0
HOSTILE = "<script>alert('x')</script> & \x1b[31mred\x1b[0m \x00 ``` | $(rm)"


def at(t: float) -> datetime:
    return BEGAN + timedelta(seconds=t)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


PLAYBOOK = Playbook(
    name="fastapi",
    title="FastAPI services",
    levels=(
        Level(name="SEV1", means="Complete outage", respond=Limit(within=seconds(300), source="line 40")),
        Level(
            name="SEV2",
            means="Major feature broken",
            respond=Limit(within=seconds(900), source="line 41"),
            update_every=Limit(within=seconds(1800), source="line 52"),
            post_mortem=Limit(within=timedelta(hours=48), source="line 303"),
        ),
    ),
    triage=(
        TriageStep(by=seconds(60), step="Acknowledge the alert", milestone=Milestone.ACKNOWLEDGED, source="line 70"),
        TriageStep(by=seconds(120), step="Classify the severity", milestone=Milestone.SEVERITY_DECLARED, source="l 71"),
        TriageStep(by=seconds(180), step="Check recent changes", source="line 72"),
        TriageStep(step="Is it a known issue?", source="line 73"),
    ),
    phases=(
        Phase(
            name="Detection", starts=seconds(0), by=seconds(300), ends_with=Milestone.SEVERITY_DECLARED, source="l 80"
        ),
        Phase(
            name="Investigation", starts=seconds(300), by=seconds(900), ends_with=Milestone.CAUSE_NAMED, source="l 81"
        ),
        Phase(name="Mitigation", starts=seconds(900), by=seconds(1800), ends_with=Milestone.MITIGATED, source="l 82"),
    ),
    escalation=(Rung(name="Level 2", contact="engineering manager", after=seconds(1800), source="line 90"),),
    decisions=(
        DecisionRule(when="cause_known && fix_minutes < 5", decide=Choice.FIX, why="a quick fix", source="line 95"),
        DecisionRule(when="!cause_known", decide=Choice.ROLLBACK, why="the cause is not known", source="line 96"),
    ),
)

SCENARIO = Scenario(
    name="slow-query",
    title="A search without its index",
    story="Order search became slow after last night's migration.",
    steady=Steady(probes=("home", "search", "database")),
    traffic=Traffic(users=20),
    timeline=(Injection(at=seconds(0), fault=FaultSpec(kind="drop-index", settings={"index": "orders_customer_idx"})),),
    expect=Expect(detected_within=seconds(60), mitigated_within=seconds(120)),
    truth=Truth(
        cause="missing-index",
        among=("missing-index", "lock-contention", "bad-deploy"),
        remedy="Create the index again, concurrently, so that writes go on.",
    ),
    hints=("Which requests are slow, and which are not?",),
)

PROBES = (
    ProbeSpec(name="home", kind="http", settings={"url": "${app}/"}, every=seconds(5), role=Role.SITE),
    ProbeSpec(name="search", kind="http", settings={"url": "${app}/orders"}, every=seconds(5), role=Role.FEATURE),
    ProbeSpec(name="database", kind="postgres", settings={"url": "${database}"}, every=seconds(5), role=Role.DATABASE),
    ProbeSpec(name="shop-metrics", kind="metrics", settings={"url": "${app}/metrics"}, every=seconds(5)),
    ProbeSpec(name="processes", kind="container", settings={}, every=seconds(5)),
)


def _traffic() -> Iterator[Event]:
    for second in range(5, int(END) + 1):
        t = float(second)
        bad = 0.0
        if IMPACT <= t <= MITIGATED:
            bad = min(1.0, (t - IMPACT + 1) / 6) * (0.55 + 0.1 * math.sin(t))
        slow, failed = round(14 * bad), round(4 * bad)
        waits = 0.012 + 3.4 * bad
        yield e.TrafficSecond(
            t=t,
            at=at(t),
            planned=20,
            started=20 - round(6 * bad),
            users=20,
            users_suffering=min(20, slow + failed),
            overdue=round(3 * bad),
            first_suffering=IMPACT if t == 23.0 else None,
            last_suffering=MITIGATED if t == 49.0 else None,
            routes={
                "GET /": e.RouteSecond(ok=10, latencies={bucket(0.008): 10}),
                "GET /orders": e.RouteSecond(
                    ok=10 - min(10, slow),
                    slow=slow,
                    failed=failed,
                    errors={"503": failed} if failed else {},
                    latencies={bucket(0.02): 8, bucket(waits): 2 + slow + failed},
                ),
            },
        )


def _probes() -> Iterator[Event]:
    for step in range(1, 14):
        t = step * 5.0
        suffering = DETECTED - 1 <= t <= MITIGATED
        yield _check("home", t, Outcome.PASS, total=0.004)
        if suffering:
            yield _check("search", t + 0.2, Outcome.FAIL, "time.total < 2.0 is false: 3.412 s", total=3.412)
        else:
            yield _check("search", t + 0.2, Outcome.PASS, total=0.006)
        yield _check("database", t + 0.4, Outcome.PASS, total=0.001, metrics={"database_connections": 0.12})
        yield _check(
            "shop-metrics",
            t + 0.6,
            Outcome.PASS,
            metrics={
                "error_rate": 0.082 if suffering else 0.0,
                "p50": 0.41 if suffering else 0.006,
                "p95": 3.1 if suffering else 0.014,
                "p99": 3.9 if suffering else 0.021,
                "rpm": 840.0 if suffering else 1200.0,
                "pool_in_use": 0.9 if suffering else 0.1,
            },
        )
        yield _check("processes", t + 0.8, Outcome.PASS, metrics={"memory": 0.31, "cpu": 0.93 if suffering else 0.2})


def _check(probe: str, t: float, outcome: Outcome, reason: str = "", total: float = 0.003, **more: Any) -> Event:
    return e.ProbeObserved(t=t, at=at(t), probe=probe, outcome=outcome, reason=reason, phases={"total": total}, **more)


def _course() -> Iterator[Event]:
    yield e.SandboxReady(
        t=3.1, at=at(3.1), services={"database": "PostgreSQL 18.1", "cache": "Valkey 9"}, release="1.4.0", seconds=3.1
    )
    yield e.TrafficStarted(t=4.0, at=at(4.0), users=20, requests_per_second=20.0, slow_after=2.0)
    yield e.SteadyStateHeld(t=14.0, at=at(14.0), seconds=10, probes={"home": 0.004, "search": 0.006})
    yield e.BaselineTaken(t=19.0, at=at(19.0), since=14.0, until=19.0)
    yield e.UndoWritten(t=19.5, at=at(19.5), fault=0, journal_id=41, summary="create index orders_customer_idx")
    yield e.FaultApplied(
        t=INJECTED, at=at(INJECTED), fault=0, fault_kind="drop-index", summary="drop index orders_customer_idx"
    )
    yield e.FaultVerified(t=20.3, at=at(20.3), fault=0, evidence="orders_customer_idx is not in pg_indexes")
    yield e.AlertFired(
        t=DETECTED, at=at(DETECTED), alert_id="a1", key="p95", level="SEV2", title="p95 > 2 s",
        reason="p95 = 3.1 s for 5 s", probe="shop-metrics",
    )  # fmt: skip
    yield e.AlertSuppressed(t=30.0, at=at(30.0), key="probe:search", because="shop-metrics is already down")
    yield e.AlertChanged(t=33.0, at=at(33.0), alert_id="a1", level="SEV1", reason="error_rate > 0.05")
    yield e.UndoSettled(
        t=64.0, at=at(64.0), journal_id=41, summary="create index orders_customer_idx",
        changes=("settings.pool_size: 2 → 10",),
    )  # fmt: skip
    yield e.AlertResolved(t=55.0, at=at(55.0), alert_id="a1", reason="p95 = 0.014 s")
    yield e.TrafficEnded(t=61.0, at=at(61.0), users_total=20, users_suffered=14)
    yield e.DrillEnded(t=60.5, at=at(60.5), reason=e.EndReason.RECOVERED, says="users well for 10 s")


def _response() -> Iterator[Event]:
    yield e.RunbookStarted(t=27.5, at=at(27.5), runbook="slow-query", steps=("long-queries", "recreate-index"))
    yield e.Acknowledged(t=27.6, at=at(27.6))
    yield e.SeverityDeclared(t=27.7, at=at(27.7), level="SEV2", reason="order search is a major feature")
    yield e.CommanderNamed(t=27.8, at=at(27.8), commander="incident commander")
    yield e.UpdatePosted(
        t=28.0, at=at(28.0), audience=Audience.TEAM, status=MessageStatus.INVESTIGATING, text="Looking into it",
        message="[DRILL] INCIDENT DECLARED: A search without its index\nSeverity: SEV2", next_due=1828.0,
    )  # fmt: skip
    yield e.StepChecked(t=29.0, at=at(29.0), step=2, text="Check recent changes")
    yield e.StepFinished(
        t=31.0, at=at(31.0), step="long-queries", section="Triage", command="drills sandbox sql 'SELECT …'",
        read_only=True, ok=True, exit_status=0, seconds=0.8,
        output="pid | running | query\n 12 | 00:00:03 | SELECT * FROM orders WHERE customer_id = 7\n" + HOSTILE,
    )  # fmt: skip
    yield e.CauseNamed(t=32.0, at=at(32.0), cause="missing-index")
    yield e.Decided(t=32.5, at=at(32.5), choice=Choice.FIX, cause_known=True, fix_minutes=2.0, reason="cause is known")
    yield e.Escalated(t=34.0, at=at(34.0), rung="Level 2", contact="engineering manager", reason=HOSTILE)
    yield e.HintTaken(t=35.0, at=at(35.0), index=0, text="Which requests are slow, and which are not?")
    yield e.ActionTaken(
        t=36.0, at=at(36.0), command="drills sandbox restart cache", read_only=False, exit_status=1, seconds=0.9,
        output="cache: did not answer within 1 s",
    )  # fmt: skip
    yield e.NoteTaken(t=37.0, at=at(37.0), text=HOSTILE)
    yield e.StepFinished(
        t=48.9, at=at(48.9), step="recreate-index", section="Mitigation (< 5 minutes)",
        command='drills sandbox sql "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id)"',
        ok=True, exit_status=0, seconds=12.1, output="CREATE INDEX",
    )  # fmt: skip
    yield e.RunbookFinished(t=49.0, at=at(49.0), ok=True)
    yield e.AllClear(t=60.0, at=at(60.0), text="search is fast again")
    yield e.UpdatePosted(
        t=60.2, at=at(60.2), audience=Audience.STATUS_PAGE, status=MessageStatus.RESOLVED, text="Resolved",
        message="[DRILL] Resolved: search is fast again",
    )  # fmt: skip
    yield e.Corrected(t=65.0, at=at(65.0), milestone=Milestone.ACKNOWLEDGED, when=27.55, why="acknowledged by phone")


def start(**changes: Any) -> e.DrillStarted:
    values: dict[str, Any] = {
        "t": 0.0,
        "at": BEGAN,
        "drill_id": "INC-20261121-003",
        "drills_version": "0.1.0",
        "rules_version": 1,
        "scenario": SCENARIO,
        "playbook": PLAYBOOK,
        "probes": PROBES,
        "driver": "local",
        "responder": ResponderKind.RUNBOOK,
        "runbook": "slow-query",
        "predecessor": e.Predecessor(
            drill_id="INC-20261018-001",
            ended_at=datetime(2026, 10, 18, 14, 5, tzinfo=UTC),
            score=81.0,
            grade="B",
            milestones={Milestone.DETECTED: 9.3, Milestone.ACKNOWLEDGED: 9.4, Milestone.MITIGATED: 24.0},
        ),
    }
    return e.DrillStarted(**(values | changes))


def timeline(**changes: Any) -> Timeline:
    events = [start(**changes), *_course(), *_traffic(), *_probes(), *_response()]
    ordered = sorted(events, key=lambda event: event.t)
    return Timeline(event.model_copy(update={"seq": seq}) for seq, event in enumerate(ordered))


def _row(milestone: Milestone, label: str, verdict: Verdict, reason: str, **more: Any) -> Row:
    values: dict[str, Any] = {
        "basis": Basis.PLAYBOOK, "counted_from": "detection", "limit": 900.0, "limit_says": "", "actual": 0.1,
        "source": "line 41", "weight": 10.0, "points": 10.0 if verdict is Verdict.MET else 0.0,
    }  # fmt: skip
    return Row(milestone=milestone, label=label, verdict=verdict, reason=reason, **(values | more))


ROWS = (
    _row(
        Milestone.DETECTED, "Detected", Verdict.MET, "the alert fired 5.2 s after the first user suffered",
        basis=Basis.SCENARIO, counted_from="first impact", limit=60.0, actual=5.2, source="expect.detected-within",
        decides=True, weight=20.0, points=20.0,
    ),
    _row(Milestone.ACKNOWLEDGED, "Acknowledged", Verdict.MET, "0.1 s after the alert", limit=900.0, actual=0.15),
    _row(Milestone.SEVERITY_DECLARED, "Severity declared", Verdict.MET, "0.3 s after the alert", limit=120.0),
    _row(
        Milestone.STATUS_PAGE, "Status page updated", Verdict.MISSED, "posted only with the all clear",
        limit=20.0, actual=32.8, source="line 280",
    ),
    _row(
        Milestone.MITIGATED, "Mitigated (measured)", Verdict.MET, "users were well again 27.4 s after the first impact",
        basis=Basis.SCENARIO, counted_from="first impact", limit=120.0, actual=27.4,
        source="expect.mitigated-within", decides=True, weight=40.0, points=40.0,
    ),
    _row(
        Milestone.POST_MORTEM, "Post-mortem drafted", Verdict.PENDING, "48 h have not passed", limit=172800.0,
        actual=38.6, censored=True, weight=0.0, source="line 303",
    ),
    _row(
        Milestone.COMMANDER_NAMED, "Commander named", Verdict.NOT_REQUIRED, "the playbook asks for none",
        limit=None, limit_says="at the commander's discretion", actual=None, weight=0.0,
    ),
    _row(
        Milestone.CAUSE_NAMED, "Decision: roll back or fix", Verdict.MET, "fix, as the rules say: a quick fix",
        limit=None,
        limit_says="as the playbook's rules say", actual=5.1, source="line 95", topic=Topic.DECISION,
    ),
    _row(
        Milestone.ACKNOWLEDGED, "Triage: Acknowledge the alert", Verdict.MET, "0.2 s of 1 m", limit=60.0, actual=0.15,
        weight=5.0, points=5.0, source="line 70", topic=Topic.TRIAGE,
    ),
    _row(
        Milestone.ACKNOWLEDGED, "Triage: Check recent changes", Verdict.MET, "1.6 s of 3 m", limit=180.0, actual=1.6,
        weight=5.0, points=5.0, source="line 72", topic=Topic.TRIAGE,
    ),
    _row(
        Milestone.SEVERITY_DECLARED, "Phase: Detection", Verdict.MET, "0.3 s of 5 m", limit=300.0, actual=0.3,
        weight=2.5, points=2.5, source="line 80", topic=Topic.PHASE,
    ),
    _row(
        Milestone.MITIGATED, "Phase: Mitigation", Verdict.MET, "22.2 s of 30 m", limit=1800.0, actual=22.2,
        weight=2.5, points=2.5, source="line 82", topic=Topic.PHASE,
    ),
)  # fmt: skip


def scorecard(**changes: Any) -> Scorecard:
    values: dict[str, Any] = {
        "rules_version": 1, "drill_id": "INC-20261121-003", "title": SCENARIO.title, "scenario": SCENARIO.name,
        "playbook": "fastapi", "driver": "local", "responder": ResponderKind.RUNBOOK, "started_at": BEGAN,
        "ended_at": at(END), "duration": END, "result": DrillResult.MET,
        "headline": "Monitoring noticed after 5.2 s, users were well again after 27.4 s; 14 of 20 users were affected.",
        "original_score": 86.5, "score": 87.0, "grade": "B",
        "grade_rule": "A from 90, B from 80, C from 70, D from 60, F below",
        "arithmetic": "100 × 105 points ÷ 115 weight = 91.3; 91.3 − 4.3 deducted = 87, grade B", "rows": ROWS,
        "deductions": (Deduction(points=4.3, reason="one hint taken", t=35.0),),
        "severity": Severity(
            true_level="SEV2", why="p95 of users 3.1 s for 27 s", declared="SEV2", verdict=Verdict.MET,
            reason="declared as it was",
        ),
        "impact": Impact(
            requests=1204, failed=52, slow=188, missed=9, users=20, users_suffered=14, share=0.207,
            worst_error_rate=0.18, worst_p95=3.4, baseline_p95=0.021, seconds=27.4,
            errors={"503 Service Unavailable": 50, HOSTILE: 2}, by_route={"GET /orders": 249},
        ),
        "recovery": Recovery.FULL, "recovery_says": "users were well for 10 s under the load of before",
        "milestones": {
            Milestone.INJECTED: INJECTED, Milestone.FIRST_IMPACT: IMPACT, Milestone.DETECTED: DETECTED,
            Milestone.ACKNOWLEDGED: 27.55, Milestone.SEVERITY_DECLARED: 27.7, Milestone.COMMANDER_NAMED: 27.8,
            Milestone.FIRST_UPDATE: 28.0, Milestone.CAUSE_NAMED: 32.0, Milestone.MITIGATED: MITIGATED,
            Milestone.ALL_CLEAR: 60.0, Milestone.STATUS_PAGE: 60.2,
        },
        "cause_right": True, "corrected": True,
        "improve": ("Post to the status page before the cause is known: it came 32.8 s after detection.",),
    }  # fmt: skip
    return Scorecard(**(values | changes))


def invalid() -> tuple[Timeline, Scorecard]:
    """A drill whose steady state never held."""
    failed = e.SteadyStateFailed(t=40.0, at=at(40.0), probe="search", reason="status == 200 is false: 503", seq=1)
    nothing = Severity(true_level=None, why="", declared=None, verdict=Verdict.NOT_REQUIRED, reason="")
    card = scorecard(
        result=DrillResult.INVALID, score=None, grade=None, rows=(), deductions=(), severity=nothing, impact=Impact(),
        recovery=Recovery.NONE, recovery_says="", milestones={}, cause_right=None, corrected=False, improve=(),
        why_not="the steady state never held: probe search failed (status == 200 is false: 503)", arithmetic="",
        grade_rule="", ended_at=at(40.0), duration=40.0,
        headline="This drill was invalid and is not scored: the steady state never held: probe search failed "
        "(status == 200 is false: 503).",
    )  # fmt: skip
    return Timeline([start(predecessor=None), failed]), card
