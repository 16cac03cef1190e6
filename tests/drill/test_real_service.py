"""`drills serve` as an operator runs it: it checks without a pause, tells what is wrong, and ends when told to."""

from __future__ import annotations

import json
import signal

import pytest

from drills.model.probe import Outcome
from drills.workspace.sandbox import open_sandbox
from tests.drill.bench import Bench, end, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_the_service_checks_stores_raises_an_alert_and_ends_in_order(bench: Bench) -> None:
    service = bench.start("serve")
    sandbox = open_sandbox(bench.workspace)

    def told(what: str) -> bool:
        lines = [json.loads(line) for line in service.output.splitlines() if line.startswith("{")]
        return any(line.get("event") == what for line in lines)

    def seen(outcome: Outcome) -> bool:
        return any(each.outcome is outcome for each in bench.store.observations("database"))

    try:
        until(lambda: seen(Outcome.PASS), "no check a database that is well was stored")
        sandbox.services.kill("database")
        until(lambda: told("alert-fired"), f"no alert was told: {service.output}")
        until(lambda: seen(Outcome.FAIL), "no check a database that is gone was stored")
        service.process.send_signal(signal.SIGTERM)
        assert service.wait() == 0
    finally:
        end(service)
        sandbox.services.restart("database")
    assert "Traceback" not in service.output
    assert bench.state() == bench.pristine
