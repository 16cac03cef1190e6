"""The engine dies in the middle of a drill: what is owed is said and kept, and settled once the engine is back."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from acceptance.harness import Harness, differences, open_harness
from drills.clock import SystemClock
from drills.errors import ExitCode
from drills.model.events import FaultVerified
from drills.sandbox.compose.engine import containers
from drills.sandbox.compose.project import normalised
from drills.store.store import Store
from tests.sandbox.door import Door

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def verified(harness: Harness) -> bool:
    store = Store.open(harness.store, clock=SystemClock())
    try:
        records = store.drills()
        return bool(records) and any(isinstance(e, FaultVerified) for e in store.events(records[-1].drill_id))
    finally:
        store.close()


def take_containers_along(harness: Harness, engine: str) -> None:
    """As an engine does that ends with its machine: nothing of the sandbox runs, and its disk in memory is gone."""
    alive = [each["Id"] for each in containers(engine, normalised(harness.folder.name)) if each["State"] != "exited"]
    subprocess.run(["docker", "kill", *alive], env={**os.environ, "DOCKER_HOST": engine}, check=True)


def test_what_is_owed_is_kept_until_the_engine_is_back(door: Door, tmp_path: Path) -> None:
    with open_harness("compose") as harness, door.opened_at_the_end():
        before = harness.state()
        log = tmp_path / "drill.log"
        runner = harness.start("run", "database-failure", "--responder", "none", log=log)
        try:
            deadline = time.monotonic() + 90
            while not verified(harness):
                assert time.monotonic() < deadline, log.read_text()
                assert runner.poll() is None, log.read_text()
                time.sleep(0.2)
            door.shut()
            os.kill(runner.pid, signal.SIGINT)
            assert runner.wait(timeout=120) == ExitCode.UNDO_OWED, log.read_text()
        finally:
            runner.kill()
        said = log.read_text()
        assert "Traceback" not in said
        assert "the Docker engine at" in said
        assert "drills recover" in said

        refused = harness.run("recover")
        assert refused.returncode == ExitCode.UNDO_OWED
        assert "Traceback" not in refused.stderr

        take_containers_along(harness, door.engine)
        door.open()
        recovered = harness.run("recover")
        assert recovered.returncode == ExitCode.ALL_MET, recovered.stdout + recovered.stderr
        assert differences(before, harness.state()) == []


def test_an_engine_that_is_down_at_the_start_is_said_in_one_line(door: Door) -> None:
    with open_harness("compose") as harness, door.opened_at_the_end():
        door.shut()
        drill = harness.run("run", "database-failure")
        assert drill.returncode == ExitCode.NOT_VALID
        said = " ".join(drill.stdout.split())
        assert "INVALID: " in said
        assert "the Docker engine at" in said
        assert "Traceback" not in drill.stdout + drill.stderr
        for words in (("sandbox", "status"), ("sandbox", "up")):
            done = harness.run(*words)
            assert done.returncode == ExitCode.NOT_VALID, words
            assert done.stderr.startswith("the Docker engine at"), words
            assert len(done.stderr.strip().splitlines()) == 1, done.stderr
