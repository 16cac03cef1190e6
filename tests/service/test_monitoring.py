"""Observations become alerts, in the store and as lines, over the restarts of the service."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from drills.clock import Clock
from drills.core.events import ResponderKind
from drills.core.playbook import Level, Limit, Playbook, Threshold
from drills.core.probe import Observation, Outcome, ProbeSpec, Role
from drills.service.lines import Lines
from drills.service.monitoring import Monitoring
from drills.store.alert_log import AlertKind, AlertLog
from drills.store.store import Store
from tests.fakes import FakeClock

HEALTH = ProbeSpec(name="health", kind="http", role=Role.HEALTH)


def playbook(when: str = "health_failing") -> Playbook:
    return Playbook(
        name="test",
        title="Test",
        levels=tuple(Level(name=name, means=name, respond=Limit(says="x", source="x")) for name in ("SEV1", "SEV2")),
        thresholds=(Threshold(level="SEV1", when=when, for_=timedelta(0), source="test"),),
    )


class Service:
    """Monitoring over a store; `life` is one life of the service."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.store = Store.open(f"sqlite:///{folder / 'drills.db'}", clock=self.clock)
        self.looked_again: list[str] = []
        self.said: list[str] = []

    def life(self, *outcomes: Outcome, book: Playbook | None = None, seconds: float = 0.0) -> None:
        clock: Clock = self.clock
        monitoring = Monitoring(
            book or playbook(),
            [HEALTH],
            self.store,
            "default",
            look_now=self.looked_again.append,
            lines=Lines(self.said.append, clock),
            clock=clock,
        )
        for outcome in outcomes:
            self.clock.jump(1)
            monitoring.see(
                Observation("health", self.clock.now(), self.clock.monotonic(), outcome, f"status {outcome}")
            )

        async def run() -> None:
            running = asyncio.create_task(monitoring.run())
            await self.clock.advance(seconds)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

        asyncio.run(run())

    def told(self) -> list[tuple[AlertKind, str]]:
        return [(record.kind, record.alert_id) for record in AlertLog(self.store).history("default")]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def test_a_failing_probe_is_looked_at_again_and_then_alerted_and_stored(service: Service) -> None:
    service.life(Outcome.PASS, Outcome.FAIL, Outcome.FAIL)
    assert service.looked_again == ["health"]
    (record,) = AlertLog(service.store).history("default")
    assert (record.kind, record.level, record.probe) == (AlertKind.FIRED, "SEV1", "health")
    assert record.reason.startswith("health: status fail")
    assert service.store.flush()
    assert len(service.store.observations("health")) == 3


def test_an_alert_resolves_as_time_passes(service: Service) -> None:
    service.life(Outcome.FAIL, Outcome.FAIL, Outcome.PASS, Outcome.PASS, seconds=12)
    assert service.told() == [(AlertKind.FIRED, "health_failing#1"), (AlertKind.RESOLVED, "health_failing#1")]


def test_an_open_alert_is_taken_up_by_the_next_life_and_not_fired_again(service: Service) -> None:
    service.life(Outcome.FAIL, Outcome.FAIL)
    service.life(Outcome.FAIL, Outcome.FAIL)
    assert service.told() == [(AlertKind.FIRED, "health_failing#1")]
    service.life(Outcome.PASS, Outcome.PASS, seconds=12)
    service.life(Outcome.FAIL, Outcome.FAIL)
    assert service.told() == [
        (AlertKind.FIRED, "health_failing#1"),
        (AlertKind.RESOLVED, "health_failing#1"),
        (AlertKind.FIRED, "health_failing#2"),
    ]


def test_an_alert_that_no_rule_speaks_of_any_more_is_resolved_at_the_start(service: Service) -> None:
    service.life(Outcome.FAIL, Outcome.FAIL)
    service.life(book=playbook("error_rate > 0.5"))
    assert service.told()[-1] == (AlertKind.RESOLVED, "health_failing#1")


def test_an_alert_during_a_drill_is_marked_as_the_drills(service: Service) -> None:
    drill = service.store.begin_drill(scenario="slow-query", sandbox="default", responder=ResponderKind.RUNBOOK)
    service.life(Outcome.FAIL, Outcome.FAIL, seconds=1)
    (record,) = AlertLog(service.store).open("default")
    assert record.drill_id == drill.drill_id
    line = json.loads(service.said[-1])
    assert (line["event"], line["drill"], line["level"]) == ("alert-fired", drill.drill_id, "SEV1")
