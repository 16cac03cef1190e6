"""Small valid drill data for tests of the store, and of what builds on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drills.model.events import NoteTaken, ResponderKind
from drills.model.probe import Observation, Outcome
from drills.model.scorecard import DrillResult, Impact, Recovery, Scorecard, Severity, Verdict
from drills.store.records import DrillRecord
from drills.store.store import Store

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class StoppedClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime = NOON, monotonic: float = 1000.0) -> None:
        self.wall = now
        self.seconds = monotonic

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


def begin(store: Store, scenario: str = "slow-query", sandbox: str = "default") -> DrillRecord:
    return store.begin_drill(scenario=scenario, sandbox=sandbox, responder=ResponderKind.RUNBOOK)


def note(text: str = "seen", t: float = 1.0) -> NoteTaken:
    return NoteTaken(t=t, at=NOON, text=text)


def check(probe: str = "home", seconds: float = 0.0) -> Observation:
    return Observation(
        probe=probe,
        at=NOON + timedelta(seconds=seconds),
        started=seconds,
        outcome=Outcome.PASS,
        phases={"total": 0.25},
        metrics={"error_rate": 0.0, "site_failing": False},
        attempt=1,
        lateness=0.001,
    )


def scorecard(record: DrillRecord, *, score: float = 90.0, rules_version: int = 1) -> Scorecard:
    return Scorecard(
        rules_version=rules_version,
        drill_id=record.drill_id,
        title="A search without its index",
        scenario=record.scenario,
        playbook="fastapi",
        driver="local",
        responder=record.responder,
        started_at=record.started_at,
        ended_at=record.started_at + timedelta(minutes=1),
        duration=60.0,
        result=DrillResult.MET,
        headline="Mitigated in 20 s",
        score=score,
        grade="A",
        grade_rule="A from 90",
        arithmetic="100 − 10",
        severity=Severity(true_level="SEV2", why="p95", declared=None, verdict=Verdict.MISSED, reason=""),
        impact=Impact(),
        recovery=Recovery.FULL,
    )
