"""Bad days in the middle of a real drill: each is told, nothing is scored that should not be, everything is mended."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from drills.errors import ExitCode
from drills.model.events import EnvironmentLost, UndoSettled
from drills.model.scorecard import DrillResult
from tests.drill.bench import Bench, end

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_killed_traffic_generator_is_an_environment_that_failed_and_the_sandbox_is_mended(bench: Bench) -> None:
    runner = bench.start("run", "gone", "--responder", "none")
    try:
        record = runner.until("fault-verified")
        (users,) = [
            child
            for child in psutil.Process(runner.process.pid).children()
            if "drills.traffic.locust_runner" in child.cmdline()
        ]
        os.kill(users.pid, signal.SIGKILL)
        assert runner.wait() == ExitCode.NOT_VALID
    finally:
        end(runner)
    assert "Traceback" not in runner.output
    timeline = bench.timeline(record)
    lost = timeline.first(EnvironmentLost)
    assert lost is not None
    assert lost.reason.startswith("the traffic generator was killed by signal 9")
    assert "INVALID: " in runner.output
    assert bench.card(record).result is DrillResult.INVALID
    assert len(timeline.all(UndoSettled)) == 2
    bench.assert_mended(record)


def test_a_service_that_lost_its_port_while_the_sandbox_was_down_gets_another(bench: Bench) -> None:
    """A port in use is no trouble of the user's: the next `up` takes a free one."""
    import socket
    from urllib.parse import urlsplit

    from drills.workspace.sandbox import open_sandbox

    sandbox = open_sandbox(bench.workspace)
    port = urlsplit(sandbox.addresses["app"]).port
    assert bench.drills("sandbox", "down").returncode == 0
    with socket.create_server(("127.0.0.1", port or 0)):
        up = bench.drills("sandbox", "up")
        assert up.returncode == 0, up.stderr
        assert urlsplit(open_sandbox(bench.workspace).addresses["app"]).port != port
    bench.pristine = bench.state()
