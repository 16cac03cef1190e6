"""A service that is really stopped for some seconds, with real probes and the real clock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SERVICE = """
import asyncio, sys
from drills.clock import SystemClock
from drills.model.playbook import Playbook
from drills.model.probe import ProbeSpec
from drills.probing.bind import bind
from drills.probing.engine.prober import Prober
from drills.json_log import JsonLog
from drills.alerting import AlertRules
from drills.monitoring.monitor import Monitor
from drills.store.alert_sink import StoredAlerts
from drills.store.store import Store
from tests.monitoring.playing import playbook

async def serve():
    clock, seen = SystemClock(), 0
    json_log = JsonLog(lambda line: print(line, flush=True), clock)
    answering = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    address = f"127.0.0.1:{answering.sockets[0].getsockname()[1]}"
    probes = [
        ProbeSpec.model_validate({"name": f"p-{n}", "tcp": {"address": address}, "every": "200ms", "timeout": "200ms"})
        for n in range(20)
    ]
    store = Store.open(sys.argv[1], clock=clock)
    alerts = StoredAlerts(store, "default", json_log=json_log, clock=clock)
    rules = AlertRules.of(playbook("probe_failing"), probes)
    monitor = Monitor(rules, probes, alerts, clock)

    def see(observation):
        nonlocal seen
        seen += 1
        monitor.see(observation)
        if seen in (200, 600):
            print(f'{{"event": "seen-{seen}"}}', flush=True)

    prober = Prober([bind(probe, {}) for probe in probes], see, clock=clock)
    await asyncio.gather(monitor.run(prober), alerts.run())

asyncio.run(serve())
"""


def test_a_service_that_is_stopped_for_some_seconds_says_so_and_alarms_nobody(tmp_path: Path) -> None:
    words = [sys.executable, "-c", SERVICE, f"sqlite:///{tmp_path}/drills.db"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            assert process.stdout is not None
            events = [json.loads(process.stdout.readline())["event"]]
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(4)  # the real clock, for once: that a stopped process does not notice is what is tried
            os.kill(process.pid, signal.SIGCONT)
            while events[-1] != "seen-600":
                events.append(json.loads(process.stdout.readline())["event"])
        finally:
            process.kill()
    assert events == ["seen-200", "away", "seen-600"]
