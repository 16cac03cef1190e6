"""Locust's master with workers: the same seconds as from one process, and nothing left of any of them."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import msgpack
import psutil
import pytest
import zmq

from drills.errors import EnvironmentFailed
from drills.model.events import TrafficSecond
from drills.model.scenario import Traffic
from drills.traffic.generator import TrafficGenerator
from tests.traffic.driving import drive, page, until
from tests.traffic.moody_app import App


def distributed(users: int = 6) -> Traffic:
    return Traffic(users=users, spawn_rate=50, requests_per_user=4, slow_after=timedelta(seconds=0.5), workers=2)


def workers_of(running: TrafficGenerator) -> list[psutil.Process]:
    assert running.pid is not None
    return psutil.Process(running.pid).children()


def test_two_workers_share_the_users_and_their_seconds_are_one(app: App, locustfile: Path) -> None:
    running = TrafficGenerator(locustfile, app.url, distributed(), time.monotonic())
    seen: list[psutil.Process] = []

    async def story(running: TrafficGenerator) -> None:
        seen.extend(workers_of(running))
        assert len(seen) == 2
        await until(running, lambda second: second.users == 6 and second.planned == 24 and page(second).ok > 0)
        await running.mark_baseline()
        app.status = 503
        failing = await until(running, lambda second: second.users_suffering == 6)
        assert page(failing[-1]).errors == {"HTTP 503": page(failing[-1]).failed}
        app.status = 200
        await running.change_users(10, 50)
        grown = await until(running, lambda second: second.users == 10 and second.planned == 40)
        assert grown[-1].generator_cpu > 0
        totals = await running.stop()
        assert (totals.users_total, totals.users_suffered) == (10, 6)

    drive(running, story)
    assert not any(psutil.pid_exists(worker.pid) and worker.is_running() for worker in seen)


def test_a_worker_that_dies_ends_the_traffic_instead_of_measuring_half(app: App, locustfile: Path) -> None:
    running = TrafficGenerator(locustfile, app.url, distributed(), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        await until(running, lambda second: second.users == 6)
        workers_of(running)[0].send_signal(signal.SIGKILL)

        def never(second: TrafficSecond) -> bool:
            return False

        with pytest.raises(EnvironmentFailed, match="a worker died"):
            await until(running, never)

    drive(running, story)


def test_strangers_at_the_masters_port_change_nothing(app: App, locustfile: Path) -> None:
    """Anybody on this machine may connect to it: bytes that are no protocol, and messages that are no message."""
    running = TrafficGenerator(locustfile, app.url, distributed(), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        await until(running, lambda second: second.users == 6)
        assert running.pid is not None
        (port,) = {each.laddr.port for each in psutil.Process(running.pid).net_connections() if each.status == "LISTEN"}
        with ExitStack() as strangers:
            for said in (b"", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 100, b"\xff" + bytes(8) + b"\x01\x7f"):
                connection = strangers.enter_context(socket.create_connection(("127.0.0.1", port)))
                connection.sendall(said)
            dealer = strangers.enter_context(zmq.Context())
            peer = strangers.enter_context(dealer.socket(zmq.DEALER))
            peer.setsockopt(zmq.IDENTITY, b"stranger")
            peer.setsockopt(zmq.LINGER, 0)
            peer.connect(f"tcp://127.0.0.1:{port}")
            for said in (b"", b"\xc1", b"not msgpack", msgpack.packb(["drills-second", {"line": "{"}, "stranger"])):
                peer.send(said)
            seen = await until(running, lambda second: second.planned == 24 and second.users == 6)
            seen += await until(running, lambda second: second.planned == 24 and page(second).ok > 0)
            assert all(second.users == 6 for second in seen)

    drive(running, story)
