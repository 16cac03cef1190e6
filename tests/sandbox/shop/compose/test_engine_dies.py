"""The engine dies in the middle of a drill: what is owed is said and kept, and settled once the engine is back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acceptance.harness import Harness, differences, open_harness
from drills.clock import SystemClock
from drills.errors import ExitCode
from drills.model.events import FaultVerified
from drills.sandbox.compose.engine import containers, engine_host
from drills.sandbox.compose.project import normalised
from drills.store.store import Store

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

#: Forwards a socket to the engine's: for who speaks to it, the engine dies with this program.
DOOR = """
import socket, sys, threading

def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for side in (source, sink):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

door = socket.socket(socket.AF_UNIX)
door.bind(sys.argv[1])
door.listen(64)
while True:
    caller, _ = door.accept()
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(sys.argv[2])
    for pair in ((caller, engine), (engine, caller)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


class Door:
    """The way to the engine, which can be shut."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.engine = engine_host()
        self.open()

    def open(self) -> None:
        self._path.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-c", DOOR, str(self._path), self.engine.removeprefix("unix://")]
        )
        while not self._path.exists():
            assert self._process.poll() is None
            time.sleep(0.01)

    def shut(self) -> None:
        self._process.kill()
        self._process.wait()

    @contextmanager
    def opened_at_the_end(self) -> Iterator[None]:
        """Whatever happens, the sandbox can be taken down afterwards."""
        try:
            yield
        finally:
            self.shut()
            self.open()


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    made = Door(tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'engine.sock'}")
    yield made
    made.shut()


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
