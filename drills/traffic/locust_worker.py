"""One of Locust's workers: it runs its share of the users and reports to the master each second."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

# Locust comes first: it patches the standard library.
from drills.traffic.locust_users import environment_of  # isort: skip

from drills.traffic.known_workers import call_yourself
from drills.traffic.ledger import Ledger
from drills.traffic.locust_reporting import Reporter
from drills.traffic.wire import MARK_MESSAGE, SECOND_MESSAGE, Plan


class Worker:
    """Runs until the master ends, which ends it too."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def run(self) -> None:
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
        plan = self._plan
        assert plan.start is not None
        assert plan.port is not None
        ledger = Ledger(
            plan.start,
            period=plan.period,
            slow_after=plan.slow_after,
            client_timeout=plan.client_timeout,
            share=(plan.worker or 0, plan.workers),
        )
        environment = environment_of(plan, ledger)
        call_yourself(plan.name)
        runner = environment.create_worker_runner("127.0.0.1", plan.port)
        events: Any = environment.events
        events.init.fire(environment=environment, runner=runner, web_ui=None)
        runner.register_message(MARK_MESSAGE, lambda **_: ledger.mark(time.monotonic()))
        reporter = Reporter(ledger, lambda text: runner.send_message(SECOND_MESSAGE, {"line": text.decode()}))
        reporter.begin()
        runner.greenlet.join()
