"""The loop from observations to alerts goes by the clock that it is given, and knows when it was away itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from drills.alerting import AlertRules, Fired, Resolved
from drills.model.playbook import Playbook
from drills.model.probe import Observation, Outcome, ProbeSpec, Role
from drills.monitoring.monitor import Monitor
from tests.fakes import FakeClock
from tests.monitoring.playing import ByHand, Kept, playbook

HEALTH = ProbeSpec(name="health", kind="http", role=Role.HEALTH)
PROBES = [HEALTH, *(ProbeSpec(name=f"probe-{number}", kind="http") for number in range(26))]


class Watched:
    """A monitor with a clock and observations by hand."""

    def __init__(self, book: Playbook, probes: list[ProbeSpec] = PROBES) -> None:
        self.clock = FakeClock()
        self.sink = Kept()
        self.observer = ByHand()
        self.probes = probes
        self.monitor = Monitor(AlertRules.of(book, probes), probes, self.sink, self.clock)

    def see(self, outcome: Outcome, probe: str = "health", *, started: float | None = None) -> None:
        begun = self.clock.monotonic() if started is None else started
        self.monitor.see(Observation(probe, self.clock.now(), begun, outcome, f"status {outcome}"))

    def all_pass(self) -> None:
        for probe in self.probes:
            self.see(Outcome.PASS, probe.name)

    def during(self, *acts: Callable[[], None] | float) -> None:
        """Run it while these happen in turn; a number lets that many seconds pass."""

        async def run() -> None:
            running = asyncio.create_task(self.monitor.run(self.observer))
            await self.monitor.started.wait()
            for act in acts:
                if isinstance(act, float):
                    await self.clock.advance(act)
                else:
                    act()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(run())


def test_an_alert_fires_and_resolves_as_the_given_clock_goes_on() -> None:
    watched = Watched(playbook(seconds=3), [HEALTH])
    at: list[float] = []

    def fail() -> None:
        watched.see(Outcome.FAIL)
        watched.see(Outcome.FAIL)
        at.append(watched.clock.monotonic())

    watched.during(fail, 2.9)
    assert watched.sink.alerts == []
    watched = Watched(playbook(seconds=3), [HEALTH])
    watched.during(fail, 3.5)
    assert [type(alert) for alert in watched.sink.alerts] == [Fired], "no observation came since, only time"
    watched = Watched(playbook(seconds=3), [HEALTH])
    passes = lambda: watched.see(Outcome.PASS)  # noqa: E731
    watched.during(fail, 3.5, passes, 1.0, passes, 12.0)
    assert [type(alert) for alert in watched.sink.alerts] == [Fired, Resolved]


def test_a_probe_that_fails_once_is_asked_again_and_told_before_its_alert() -> None:
    watched = Watched(playbook(), [HEALTH])
    watched.during(lambda: watched.see(Outcome.FAIL))
    assert watched.observer.asked == ["health"]
    assert (len(watched.sink.observations), watched.sink.alerts) == (1, [])


def test_time_before_it_runs_is_no_absence() -> None:
    watched = Watched(playbook("probe_failing"))
    watched.clock.jump(120)
    watched.during(watched.all_pass, 1.0)
    assert (watched.sink.absences, watched.sink.alerts) == ([], [])


@pytest.mark.parametrize("away", [lambda clock: clock.jump(120), lambda clock: clock.suspend(120)])
def test_a_monitor_that_was_away_says_so_once_and_pages_nobody(away: Callable[[FakeClock], None]) -> None:
    watched = Watched(playbook("probe_failing"))
    watched.during(1.0, watched.all_pass, lambda: away(watched.clock), 1.0, watched.all_pass, 1.0)
    assert watched.sink.alerts == []
    ((seconds, reason),) = watched.sink.absences
    assert seconds == pytest.approx(120, abs=1)
    assert reason.startswith("the monitor itself was away for 2 m 00 s")
    for probe in PROBES:
        before, gap, after = [each for each in watched.sink.observations if each.probe == probe.name]
        assert [before.outcome, gap.outcome, after.outcome] == [Outcome.PASS, Outcome.UNKNOWN, Outcome.PASS]
        assert gap.reason == reason


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_wall_clock_that_is_set_alarms_nobody(seconds: float) -> None:
    watched = Watched(playbook("probe_failing"))
    watched.during(1.0, watched.all_pass, lambda: watched.clock.step(seconds), 1.0, watched.all_pass, 1.0)
    assert (watched.sink.alerts, watched.sink.absences) == ([], [])


def test_a_probe_that_waited_while_the_monitor_was_away_proves_nothing() -> None:
    watched = Watched(playbook())
    begun = watched.clock.monotonic()

    def back() -> None:
        watched.clock.jump(120)
        for _ in range(2):
            watched.see(Outcome.FAIL, started=begun)

    watched.during(back)
    assert (watched.observer.asked, watched.sink.alerts) == ([], [])
    assert {each.outcome for each in watched.sink.observations} == {Outcome.UNKNOWN}


def test_what_fails_before_and_after_an_absence_is_alerted() -> None:
    watched = Watched(playbook())

    def fail() -> None:
        watched.see(Outcome.FAIL)

    watched.during(fail, lambda: watched.clock.jump(120), 0.5, fail)
    assert [alert.alert_id.key for alert in watched.sink.alerts if isinstance(alert, Fired)] == ["health_failing"]


def test_a_probe_that_is_not_run_while_the_monitor_is_there_is_still_missed() -> None:
    watched = Watched(playbook("probe_failing"))
    watched.during(1.0, watched.all_pass, lambda: watched.clock.jump(120), 60.0)
    assert any(isinstance(alert, Fired) for alert in watched.sink.alerts)


def test_a_probe_that_the_rules_no_longer_have_alerts_nobody() -> None:
    watched = Watched(playbook("probe_failing"))
    watched.monitor.judge_by(AlertRules.of(playbook("probe_failing"), PROBES[1:]))

    def fail() -> None:
        for _ in range(3):
            watched.see(Outcome.FAIL)

    watched.during(fail, 1.0)
    assert (watched.sink.alerts, len(watched.sink.observations)) == ([], 3)
