"""The way to the Docker engine: a socket that forwards to the engine's own, and that a test shuts or lets hang.

For whoever is given its address, the engine dies with it; the real one goes on, for it is others' too.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drills.sandbox.compose.engine import engine_host

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

    def hang(self) -> None:
        """It takes connections still, and answers nobody."""
        self._process.send_signal(signal.SIGSTOP)

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
