"""Locust's master: starts the workers, distributes the users among them, and adds up their seconds.

    our process ◄── one line a second ── master ◄── each worker's seconds (Locust's own messages) ── workers
                 ── change │ mark │ stop ──►     ── Locust's spawn messages, mark ──►

No user runs here. Each worker is a process of its own, so that more than one core makes load.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from typing import Any

# Locust comes first: it patches the standard library.
from drills.traffic.locust_users import Refused, environment_of  # isort: skip
import gevent
import gevent.event

from drills.traffic.known_workers import hear_only
from drills.traffic.ledger import Ledger
from drills.traffic.locust_reporting import end_broken, write_all
from drills.traffic.merging import Merger
from drills.traffic.orders import obey
from drills.traffic.wire import MARK_MESSAGE, SECOND_MESSAGE, Plan, line

LOOPBACK = "127.0.0.1"
#: How long the workers may take to import Locust and report.
READY_SECONDS = 20.0


class Master:
    """Runs until told to stop, until stdin ends, or until a worker dies."""

    def __init__(self, plan: Plan, protocol: int) -> None:
        self._plan = plan
        self._send = partial(write_all, protocol)
        self._merger = Merger(plan.workers)
        self._totals = {"users_total": 0, "users_suffered": 0}
        self._cpu, self._reported_at = time.process_time(), time.monotonic()
        self._ending = gevent.event.Event()

    def run(self) -> None:
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
        start = time.monotonic()
        try:
            # Its ledger stays empty; the classes are needed for their names, by which users are shared out.
            environment = environment_of(self._plan, Ledger(start, period=1.0, slow_after=1.0, client_timeout=1.0))
        except Refused as error:
            self._send(line("refused", reason=str(error)))
            sys.exit(1)
        self._runner = environment.create_master_runner(LOOPBACK, 0)
        names = [secrets.token_hex(16) for _ in range(self._plan.workers)]
        hear_only(self._runner.server, names)
        self._runner.register_message(SECOND_MESSAGE, self._on_second)
        events: Any = environment.events
        events.init.fire(environment=environment, runner=self._runner, web_ui=None)
        workers = [self._start_worker(start, index, name) for index, name in enumerate(names)]
        self._await(workers)
        self._runner.start(self._plan.users, spawn_rate=self._plan.spawn_rate)
        self._send(line("ready"))
        gevent.spawn(self._obey).link_exception(end_broken)
        gevent.spawn(self._mind, workers).link_exception(end_broken)
        self._ending.wait()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait()
        self._send(line("ended", **self._totals))
        os._exit(0)

    def _start_worker(self, start: float, index: int, name: str) -> subprocess.Popen[bytes]:
        plan = replace(self._plan, start=start, worker=index, port=self._runner.server.port, name=name)
        worker = subprocess.Popen(
            [sys.executable, "-m", "drills.traffic.locust_runner"], stdin=subprocess.PIPE, stdout=sys.stderr
        )
        assert worker.stdin is not None
        with worker.stdin as pipe:
            pipe.write(plan.line())
        return worker

    def _await(self, workers: list[subprocess.Popen[bytes]]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while len(self._runner.clients.ready) < len(workers):
            if time.monotonic() > deadline or any(worker.poll() is not None for worker in workers):
                print("traffic: a worker did not start", file=sys.stderr, flush=True)
                os._exit(1)
            gevent.sleep(0.02)

    def _mind(self, workers: list[subprocess.Popen[bytes]]) -> None:
        while all(worker.poll() is None for worker in workers):
            gevent.sleep(0.2)
        if not self._ending.is_set():
            raise ChildProcessError("a worker died")

    def _on_second(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002 - Locust's signature
        for second in self._merger.add(msg.node_id, json.loads(msg.data["line"])):
            now, used = time.monotonic(), time.process_time()
            second["generator_cpu"] += (used - self._cpu) / max(now - self._reported_at, 1e-6)
            self._cpu, self._reported_at = used, now
            self._totals = {name: second[name] for name in self._totals}
            self._send(line("second", **second))

    def _obey(self) -> None:
        obey(self._runner, lambda: self._runner.send_message(MARK_MESSAGE, {}))
        self._ending.set()
