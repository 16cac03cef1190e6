"""Drills of the calendar are conducted one after another, each in processes of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drills.clock import SystemClock
from drills.json_log import JsonLog
from drills.schedule.claims import Claims
from drills.schedule.dispatcher import Dispatcher
from drills.schedule.starter import Command
from drills.store.holder import hold
from drills.store.occurrence_log import DueDrill, OccurrenceLog, OccurrenceState
from drills.store.runner import Runner
from drills.store.store import Store
from drills.store.switch import KillSwitch
from tests.service.waiting import becomes

LONG = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\nprint('on')\ntime.sleep(60)"


class Place:
    """A store with claimed drills, and an dispatcher over them."""

    def __init__(self, folder: Path, script: str = "pass") -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'drills.db'}"
        self.clock = SystemClock()
        self.store = Store.open(self.url)
        self.log = OccurrenceLog(self.store)
        self.said: list[str] = []
        self.script = script
        json_log = JsonLog(self.said.append, self.clock)
        claims = Claims({}, self.store, self.clock, json_log)
        self.dispatcher = Dispatcher(
            claims, self.store, self.url, "default", folder, self.command_for, clock=self.clock, json_log=json_log
        )

    def command_for(self, due: DueDrill) -> Command:
        return Command((sys.executable, "-S", "-c", self.script, due.drill))

    def claim(self, *drills: str) -> None:
        now = self.clock.now()
        self.log.claim(
            [DueDrill(drill, now + timedelta(seconds=number), drill, "runbook") for number, drill in enumerate(drills)]
        )

    def until(self, *events: str) -> None:
        """Run until the last of these was said, then stop as the service does."""

        async def run() -> None:
            running = asyncio.create_task(self.dispatcher.run())
            await becomes(lambda: [json.loads(line)["event"] for line in self.said][: len(events)] == list(events))
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

        asyncio.run(run())


def test_drills_are_conducted_one_after_another_and_a_failure_keeps_what_was_printed(tmp_path: Path) -> None:
    place = Place(tmp_path, "import sys; print('SEV2 missed'); sys.exit(sys.argv[1] == 'two')")
    place.claim("one", "two")
    place.until("drill-starting", "drill-ended", "drill-starting", "drill-ended")
    assert [(due.drill, due.exit_status, due.reason) for due in place.log.all()] == [
        ("one", 0, ""),
        ("two", 1, "SEV2 missed"),
    ]


def test_a_drill_that_runs_when_the_service_stops_is_told_to_end_and_waited_for(tmp_path: Path) -> None:
    mark = tmp_path / "runs"
    place = Place(tmp_path, LONG.replace("print('on')", f"open({str(mark)!r}, 'w')"))
    place.claim("long")

    async def stop_when_it_runs() -> None:
        running = asyncio.create_task(place.dispatcher.run())
        await becomes(mark.exists)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(stop_when_it_runs())
    (due,) = place.log.all()
    assert (due.state, due.exit_status) == (OccurrenceState.ENDED, 5)


def test_nothing_begins_while_everything_is_stopped(tmp_path: Path) -> None:
    place = Place(tmp_path)
    KillSwitch(place.store).stop("")
    place.claim("one")
    place.until("drill-skipped")
    assert place.log.all()[0].reason == "stopped"


def test_a_drill_waits_for_a_sandbox_that_another_runner_holds(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.claim("one")

    async def run() -> None:
        running = asyncio.create_task(place.dispatcher.run())
        with hold(tmp_path, "default", "drills run slow-query"):
            await asyncio.sleep(0.3)
            assert place.log.all()[0].state is OccurrenceState.CLAIMED
        await becomes(lambda: place.log.all()[0].state is OccurrenceState.ENDED)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())


def test_a_sandbox_that_is_held_for_too_long_is_a_reason_to_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.schedule.dispatcher.PATIENCE", timedelta(0))
    place = Place(tmp_path)
    place.claim("one")
    with hold(tmp_path, "default", "drills run slow-query"):
        place.until("drill-skipped")
    assert place.log.all()[0].reason.startswith("the sandbox was held by drills run slow-query (process ")


def test_a_drill_whose_process_was_killed_is_ended_and_the_next_one_begins(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.claim("dead", "next")
    dead = place.log.all()[0]
    place.log.begin(dead.entry, dead.planned, replace(Runner.this(), started=0.5))
    place.until("drill-ended", "drill-starting", "drill-ended")
    ended, after = place.log.all()
    assert (ended.exit_status, ended.reason) == (None, "its process was killed")
    assert after.exit_status == 0


def test_a_command_that_does_not_exist_is_said_in_one_line(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.command_for = lambda due: Command(("/no/such/drills",))  # type: ignore[method-assign]
    place.dispatcher._command_for = place.command_for
    place.claim("one")
    place.until("drill-starting", "drill-ended")
    assert place.log.all()[0].reason == "/no/such/drills: No such file or directory"
