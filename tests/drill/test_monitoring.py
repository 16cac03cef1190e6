"""What a drill believes of its probes: since when each passes, from everywhere that it checks from."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from drills.clock import SystemClock
from drills.drill.monitoring import DrillMonitoring
from drills.drill.recorder import Recorder
from drills.model.events import AlertFired, ProbeObserved, ProbeUnusable
from drills.model.probe import Observation, Outcome, ProbeSpec, Role, Vantage
from drills.probing.remote.config import KnownProber
from drills.store.store import Store
from tests.fakes import FakeClock
from tests.monitoring.playing import ByHand
from tests.scoring.timelines import PLAYBOOK, playbook
from tests.store.drill_data import begin

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
VANTAGES = {"edge": {}, "around": {}, "far": {"required": False}}
SITE_FAILING = playbook(
    thresholds=[{"level": PLAYBOOK.levels[0].name, "when": "site_failing", "for": "3s", "source": "for tests"}]
)
DOOR = ProbeSpec.model_validate({"name": "door", "tcp": {"address": "a:1"}, "vantages": VANTAGES})


class _Records:
    """Time, and what was recorded."""

    def __init__(self) -> None:
        self.t = 0.0
        self.kept: list[Any] = []

    def now(self) -> dict[str, Any]:
        return {"t": self.t, "at": NOON}

    def defer(self, event: Any) -> None:
        self.kept.append(event)

    emit = defer


def test_a_probe_with_vantages_passes_since_it_does_from_the_last_of_them() -> None:
    records = _Records()
    watch = DrillMonitoring(cast(Recorder, records), PLAYBOOK, [DOOR], {}, FakeClock(), lambda _: None)

    def see(t: float, vantage: str, outcome: Outcome) -> None:
        records.t = t
        watch.monitor.see(Observation("door", NOON, t, outcome, str(outcome), vantage=vantage))

    see(1, "edge", Outcome.PASS)
    assert watch.passing_since("door") is None, "it was not checked from around yet"
    see(2, "around", Outcome.PASS)
    assert watch.passing_since("door") == 2
    see(2.5, "far", Outcome.FAIL)
    assert watch.passing_since("door") == 2, "far is not required"
    see(3, "edge", Outcome.FAIL)
    see(4, "around", Outcome.PASS)
    assert watch.passing_since("door") is None
    last = watch.last("door")
    assert last is not None
    assert (last.vantage, last.outcome) == ("edge", Outcome.FAIL)
    see(5, "edge", Outcome.PASS)
    assert watch.passing_since("door") == 5
    assert [event.vantage for event in records.kept if event.kind == "probe-observed"][:2] == ["edge", "around"]


def test_an_alert_of_a_drill_tells_all_the_probes_that_it_rests_on() -> None:
    records, alerts, clock = _Records(), list[AlertFired](), FakeClock()
    probes = [
        ProbeSpec.model_validate({"name": name, "tcp": {"address": "a:1"}, "role": "site"})
        for name in ("front", "home", "search")
    ]
    watch = DrillMonitoring(cast(Recorder, records), SITE_FAILING, probes, {}, clock, alerts.append)

    def see(t: float, name: str, outcome: Outcome) -> None:
        clock.jump(t - records.t)
        records.t = t
        watch.monitor.see(Observation(name, NOON, clock.monotonic(), outcome, f"{name} refused"))

    for t in (1, 2):
        see(t, "front", Outcome.PASS)
    for t in (3, 3.2, 5, 6.5):
        see(t, "search", Outcome.FAIL)
        see(t, "home", Outcome.FAIL)
    (fired,) = [event for event in records.kept if event.kind == "alert-fired"]
    assert (fired.probe, fired.besides) == ("home", ("search",))
    assert alerts == [fired]


def test_a_store_that_is_locked_holds_up_no_observation_and_no_alert_of_a_drill(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'drills.db'}")
    record = begin(store)
    other = sqlite3.connect(tmp_path / "drills.db", isolation_level=None)
    alerts = list[AlertFired]()
    probe = ProbeSpec.model_validate({"name": "home", "tcp": {"address": "a:1"}, "role": "site"})

    async def play() -> float:
        recorder = Recorder(store, record, SystemClock(), None)
        at_once = playbook(
            thresholds=[{"level": PLAYBOOK.levels[0].name, "when": "site_failing", "for": "0s", "source": "for tests"}]
        )
        watch = DrillMonitoring(recorder, at_once, [probe], {}, SystemClock(), alerts.append)
        running = asyncio.create_task(watch.monitor.run(ByHand()))
        await watch.monitor.started.wait()
        other.execute("BEGIN IMMEDIATE")
        slowest = 0.0
        for _ in range(25):
            before = time.monotonic()
            watch.monitor.see(Observation("home", NOON, before, Outcome.FAIL, "refused"))
            await asyncio.sleep(0.01)
            slowest = max(slowest, time.monotonic() - before)
        assert [event.kind for event in store.events(record.drill_id)] == [], "nothing can be stored yet"
        assert len(alerts) == 1, "the alert is known all the same"
        other.execute("ROLLBACK")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await asyncio.to_thread(recorder.close, None, ()) == ""
        return slowest

    assert asyncio.run(play()) < 1.0, "the loop waited for the lock"
    kinds = [event.kind for event in store.events(record.drill_id)]
    assert (kinds.count("probe-observed"), kinds.count("alert-fired")) == (25, 1)
    store.close()
    other.close()


def test_a_probe_that_cannot_check_is_on_the_timeline_and_no_alert() -> None:
    far = DOOR.model_copy(update={"vantages": {"far": Vantage(via="paris"), "here": Vantage()}, "role": Role.SITE})
    well = DOOR.model_copy(update={"name": "well", "vantages": {}})
    records, alerts = _Records(), []
    watch = DrillMonitoring(cast(Recorder, records), PLAYBOOK, [far, well], {}, FakeClock(), alerts.append)

    async def play() -> None:
        running = asyncio.create_task(watch.run())
        await watch.monitor.started.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())
    (told,) = [event for event in records.kept if isinstance(event, ProbeUnusable)]
    assert (told.probe, told.vantage) == ("door", "far")
    assert told.reason == "there is no prober 'paris'; drills.yaml names none under 'probers'"
    for t in range(1, 60):
        records.t = t
        watch.monitor.see(Observation("door", NOON, t, Outcome.UNKNOWN, told.reason, vantage="far"))
        watch.monitor.see(Observation("well", NOON, t, Outcome.PASS))
    assert not any(isinstance(event, AlertFired) for event in records.kept), "it has nothing to do with the fault"
    seen = [event for event in records.kept if isinstance(event, ProbeObserved) and event.probe == "door"]
    assert {event.outcome for event in seen} == {Outcome.UNKNOWN}
    assert watch.passing_since("door") is None


def test_a_drill_checks_from_the_probers_elsewhere_that_its_workspace_names() -> None:
    far = DOOR.model_copy(update={"vantages": {"far": Vantage(via="paris")}})
    paris = KnownProber("paris", "http://10.0.0.5:8970", Path("paris.token"))
    known = {"paris": paris}
    watch = DrillMonitoring(cast(Recorder, _Records()), PLAYBOOK, [far], {}, FakeClock(), lambda _: None, probers=known)
    assert [place.via for place in watch._prober._probes] == [paris]
