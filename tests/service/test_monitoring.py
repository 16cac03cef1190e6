"""Observations become alerts, in the store and as lines, over the restarts of the service."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from drills.clock import Clock
from drills.json_log import Lines
from drills.model.events import ResponderKind
from drills.model.playbook import Level, Limit, Playbook, Threshold
from drills.model.probe import Observation, Outcome, ProbeSpec, Role
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


PROBES = [HEALTH, *(ProbeSpec(name=f"probe-{number}", kind="http") for number in range(26))]


def watching(service: Service, book: Playbook) -> Monitoring:
    lines = Lines(service.said.append, service.clock)
    look_now = service.looked_again.append
    return Monitoring(book, PROBES, service.store, "default", look_now=look_now, lines=lines, clock=service.clock)


def pass_by(service: Service, act: Callable[[FakeClock], None], *, then: float = 1.0) -> None:
    """All probes pass, then something happens to the clock, then the service goes on for a while and they pass."""
    monitoring = watching(service, playbook("probe_failing"))

    def look() -> None:
        for probe in PROBES:
            now = service.clock.now(), service.clock.monotonic()
            monitoring.see(Observation(probe.name, *now, Outcome.PASS))

    async def run() -> None:
        running = asyncio.create_task(monitoring.run())
        await service.clock.advance(1)
        look()
        act(service.clock)
        await service.clock.advance(then)
        look()
        await service.clock.advance(then)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())


@pytest.mark.parametrize("away", [lambda clock: clock.jump(120), lambda clock: clock.suspend(120)])
def test_a_watcher_that_was_away_says_so_once_and_pages_nobody(
    service: Service, away: Callable[[FakeClock], None]
) -> None:
    pass_by(service, away)
    assert service.told() == []
    (line,) = [json.loads(said) for said in service.said]
    assert line["event"] == "away"
    assert line["seconds"] == pytest.approx(120, abs=1)
    assert line["reason"].startswith("the watcher itself was away for 2 m 00 s")
    assert service.store.flush()
    for probe in PROBES:
        before, gap, after = service.store.observations(probe.name)
        assert [before.outcome, gap.outcome, after.outcome] == [Outcome.PASS, Outcome.UNKNOWN, Outcome.PASS]
        assert gap.reason == line["reason"]


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_wall_clock_that_is_set_alarms_nobody(service: Service, seconds: float) -> None:
    pass_by(service, lambda clock: clock.step(seconds))
    assert (service.told(), service.said) == ([], [])


def test_a_look_that_waited_while_the_watcher_was_away_proves_nothing(service: Service) -> None:
    monitoring = watching(service, playbook())
    begun = service.clock.monotonic()
    service.clock.jump(120)
    for _ in range(2):
        monitoring.see(Observation("health", service.clock.now(), begun, Outcome.FAIL, "nothing within 5 s"))
    assert service.looked_again == []
    assert service.store.flush()
    assert {look.outcome for look in service.store.observations("health")} == {Outcome.UNKNOWN}


def test_what_fails_before_and_after_an_absence_is_alerted(service: Service) -> None:
    monitoring = watching(service, playbook())
    for _ in range(2):
        service.clock.jump(120)
        monitoring._present()
        now = service.clock.now(), service.clock.monotonic()
        monitoring.see(Observation("health", *now, Outcome.FAIL, "status 503"))
    assert [told.key for told in monitoring._unstored] == ["health_failing"]


def test_a_probe_that_is_not_looked_at_while_the_service_watches_is_still_missed(service: Service) -> None:
    pass_by(service, lambda clock: clock.jump(120), then=60)
    assert AlertKind.FIRED in {kind for kind, _ in service.told()}
