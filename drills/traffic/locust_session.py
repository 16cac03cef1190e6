"""One run of Locust inside the subprocess, in one process: its users, and the lines from and to our process."""

from __future__ import annotations

import logging
import os
import sys
import time
from functools import partial
from typing import Any

# Locust comes first: it patches the standard library.
from drills.traffic.locust_users import Refused, environment_of  # isort: skip
import gevent
import gevent.event

from drills.traffic.ledger import Ledger
from drills.traffic.locust_reporting import Reporter, end_broken, write_all
from drills.traffic.orders import obey
from drills.traffic.wire import Plan, line


class Session:
    """Runs until told to stop, or until stdin ends."""

    def __init__(self, plan: Plan, protocol: int) -> None:
        self._plan = plan
        self._send = partial(write_all, protocol)
        self._ending = gevent.event.Event()

    def run(self) -> None:
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
        plan = self._plan
        self._ledger = Ledger(
            time.monotonic(), period=plan.period, slow_after=plan.slow_after, client_timeout=plan.client_timeout
        )
        try:
            environment = environment_of(plan, self._ledger)
        except Refused as error:
            self._send(line("refused", reason=str(error)))
            sys.exit(1)
        self._runner = environment.create_local_runner()
        events: Any = environment.events
        events.init.fire(environment=environment, runner=self._runner, web_ui=None)
        self._runner.start(plan.users, spawn_rate=plan.spawn_rate)
        self._send(line("ready"))
        reporter = Reporter(self._ledger, self._send)
        reporter.begin()
        gevent.spawn(self._obey).link_exception(end_broken)
        self._ending.wait()
        # The totals must not wait for users who hang; the process ends with all of them.
        self._send(line("ended", **reporter.totals()))
        os._exit(0)

    def _obey(self) -> None:
        obey(self._runner, lambda: self._ledger.mark(time.monotonic()))
        self._ending.set()
