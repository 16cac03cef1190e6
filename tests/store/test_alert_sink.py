"""What the service's monitor says is stored and written as lines, over the restarts of the service."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path

import pytest

from drills.alerting import AlertId, AlertRules
from drills.clock import SystemClock
from drills.json_log import JsonLog
from drills.model.events import ResponderKind
from drills.model.playbook import Playbook
from drills.model.probe import Observation, Outcome, ProbeSpec, Role
from drills.monitoring.monitor import Monitor
from drills.store.alert_log import AlertKind, AlertLog
from drills.store.alert_sink import StoredAlerts
from drills.store.store import Store
from tests.fakes import FakeClock
from tests.monitoring.playing import ByHand, playbook
from tests.service.waiting import becomes

HEALTH = ProbeSpec(name="health", kind="http", role=Role.HEALTH)
SITE = [ProbeSpec(name=name, kind="http", role=Role.SITE) for name in ("front", "home", "search")]
FIRST, SECOND = AlertId("health_failing", 1), AlertId("health_failing", 2)


class Service:
    """A monitor whose sink is the store; `life` is one life of the service."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.store = Store.open(f"sqlite:///{folder / 'drills.db'}", clock=self.clock)
        self.said: list[str] = []

    def life(self, *outcomes: Outcome, book: Playbook | None = None, seconds: float = 0.0) -> None:
        asyncio.run(self._live([HEALTH], [("health", outcome) for outcome in outcomes], book or playbook(), seconds))

    def life_of_a_site(self, *seen: tuple[str, Outcome]) -> None:
        asyncio.run(self._live(SITE, list(seen), playbook("site_failing", seconds=3), 4.0))

    async def _live(
        self, probes: list[ProbeSpec], seen: list[tuple[str, Outcome]], book: Playbook, seconds: float
    ) -> None:
        alerts = StoredAlerts(self.store, "default", json_log=JsonLog(self.said.append, self.clock), clock=self.clock)
        rules = AlertRules.of(book, probes)
        monitor = Monitor(rules, probes, alerts, self.clock, alerts.taken_up(rules))
        running = [asyncio.create_task(monitor.run(ByHand())), asyncio.create_task(alerts.run())]
        await monitor.started.wait()
        for probe, outcome in seen:
            self.clock.jump(1)
            monitor.see(Observation(probe, self.clock.now(), self.clock.monotonic(), outcome, f"status {outcome}"))
        await self.clock.advance(seconds)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def told(self) -> list[tuple[AlertKind, AlertId | None]]:
        return [(record.kind, record.alert_id) for record in AlertLog(self.store).history("default")]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def test_a_failing_probe_is_alerted_and_stored(service: Service) -> None:
    service.life(Outcome.PASS, Outcome.FAIL, Outcome.FAIL)
    (record,) = AlertLog(service.store).history("default")
    assert (record.kind, record.level, record.probe) == (AlertKind.FIRED, "SEV1", "health")
    assert record.reason.startswith("health: status fail")
    assert service.store.flush()
    assert len(service.store.observations("health")) == 3


def test_an_alert_of_the_service_keeps_all_the_probes_that_saw_it(service: Service) -> None:
    failing = [(name, Outcome.FAIL) for name in ("search", "home")]
    service.life_of_a_site(("front", Outcome.PASS), *failing, ("front", Outcome.PASS), *failing, *failing)
    (record,) = AlertLog(service.store).history("default")
    assert (record.probe, record.besides) == ("home", ("search",))
    (fired,) = [json.loads(line) for line in service.said]
    assert (fired["event"], fired["probe"], fired["besides"]) == ("alert-fired", "home", ["search"])


def test_an_alert_resolves_as_time_passes(service: Service) -> None:
    service.life(Outcome.FAIL, Outcome.FAIL, Outcome.PASS, Outcome.PASS, seconds=12)
    assert service.told() == [(AlertKind.FIRED, FIRST), (AlertKind.RESOLVED, FIRST)]


def test_an_open_alert_is_taken_up_by_the_next_life_and_not_fired_again(service: Service) -> None:
    service.life(Outcome.FAIL, Outcome.FAIL)
    service.life(Outcome.FAIL, Outcome.FAIL)
    assert service.told() == [(AlertKind.FIRED, FIRST)]
    service.life(Outcome.PASS, Outcome.PASS, seconds=12)
    service.life(Outcome.FAIL, Outcome.FAIL)
    assert service.told() == [(AlertKind.FIRED, FIRST), (AlertKind.RESOLVED, FIRST), (AlertKind.FIRED, SECOND)]


def test_an_alert_that_no_rule_speaks_of_any_more_is_resolved_at_the_start(service: Service) -> None:
    service.life(Outcome.FAIL, Outcome.FAIL)
    service.life(book=playbook("error_rate > 0.5"))
    assert service.told()[-1] == (AlertKind.RESOLVED, FIRST)


def test_an_alert_during_a_drill_is_marked_as_the_drills(service: Service) -> None:
    drill = service.store.begin_drill(scenario="slow-query", sandbox="default", responder=ResponderKind.RUNBOOK)
    service.life(Outcome.FAIL, Outcome.FAIL, seconds=1)
    (record,) = AlertLog(service.store).open("default").values()
    assert record.drill_id == drill.drill_id
    line = json.loads(service.said[-1])
    assert (line["event"], line["drill"], line["level"]) == ("alert-fired", drill.drill_id, "SEV1")


def test_a_database_that_is_locked_holds_up_no_observation_and_loses_no_alert(tmp_path: Path) -> None:
    clock, said = SystemClock(), list[str]()
    store = Store.open(f"sqlite:///{tmp_path / 'drills.db'}", clock=clock)
    rules = AlertRules.of(playbook(), [HEALTH])
    other = sqlite3.connect(tmp_path / "drills.db", isolation_level=None)

    async def run() -> float:
        alerts = StoredAlerts(store, "default", json_log=JsonLog(said.append, clock), clock=clock)
        monitor = Monitor(rules, [HEALTH], alerts, clock, alerts.taken_up(rules))
        running = [asyncio.create_task(monitor.run(ByHand())), asyncio.create_task(alerts.run())]
        await monitor.started.wait()
        other.execute("BEGIN IMMEDIATE")
        slowest = 0.0
        for outcome in [Outcome.FAIL] * 5 + [Outcome.PASS] * 20:
            before = time.monotonic()
            monitor.see(Observation("health", clock.now(), clock.monotonic(), outcome))
            await asyncio.sleep(0.01)
            slowest = max(slowest, time.monotonic() - before)
        assert said == [], "nothing is stored yet"
        other.execute("ROLLBACK")
        await becomes(lambda: bool(said))
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        return slowest

    slowest = asyncio.run(run())
    assert slowest < 1.0, "the loop waited for the lock"
    assert [record.kind for record in AlertLog(store).history("default")] == [AlertKind.FIRED]
    assert store.flush()
    assert len(store.observations("health")) == 25
    store.close()
    other.close()
