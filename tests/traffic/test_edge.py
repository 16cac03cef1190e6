"""Users who come through the edge: by its name, over TLS, with a certificate that they check."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drills.included import included_root
from drills.sandbox.ports import HOST, answers, choose_ports
from drills.traffic.generator import TrafficGenerator
from shop.certificates import AUTHORITY, EDGE, issue, provide
from tests.traffic.driving import drive, page, traffic, until
from tests.traffic.moody_app import App


@dataclass(frozen=True)
class Entrance:
    """The edge and the name server as real processes; `certificates` is the folder of the edge's."""

    ports: dict[str, int]
    certificates: Path
    edge: subprocess.Popen[bytes]
    names: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"https://shop.test:{self.ports['edge']}"

    def users(self, locustfile: Path) -> TrafficGenerator:
        return TrafficGenerator(
            locustfile,
            self.url,
            traffic(users=4),
            time.monotonic(),
            ca=str(self.certificates / AUTHORITY),
            dns=f"{HOST}:{self.ports['dns']}",
        )


def start(module: str, port: int, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", module, "--host", HOST, "--port", str(port), *words]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(included_root())})
    deadline = time.monotonic() + 20
    while not answers(port):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    return process


@pytest.fixture
def entrance(app: App, tmp_path: Path) -> Iterator[Entrance]:
    provide(tmp_path / "certificates", datetime.now(UTC))
    ports = choose_ports(("edge", "dns"), {}, tmp_path)
    with ExitStack() as stack:
        served = ("--upstream", app.url.removeprefix("http://"), "--certificate", str(tmp_path / "certificates" / EDGE))
        edge = start("shop.edge", ports["edge"], *served)
        stack.callback(edge.kill)
        names = start("shop.dns", ports["dns"])
        stack.callback(names.kill)
        yield Entrance(dict(ports), tmp_path / "certificates", edge, names)


def test_they_are_served_until_the_certificate_has_expired(entrance: Entrance, locustfile: Path) -> None:
    async def story(running: TrafficGenerator) -> None:
        await until(running, lambda second: second.planned == 16 and page(second).failed == 0 < page(second).ok)
        issue(entrance.certificates, datetime.now(UTC), timedelta(days=-1))
        entrance.edge.send_signal(signal.SIGHUP)
        failing = await until(running, lambda second: second.users_suffering == 4)
        assert any("SSLError" in error for second in failing for error in page(second).errors)
        issue(entrance.certificates, datetime.now(UTC), timedelta(days=30))
        entrance.edge.send_signal(signal.SIGHUP)
        await until(running, lambda second: page(second).failed == 0 < page(second).ok)

    drive(entrance.users(locustfile), story)


def test_they_find_nobody_without_the_name_server(entrance: Entrance, locustfile: Path) -> None:
    entrance.names.kill()
    entrance.names.wait()

    async def story(running: TrafficGenerator) -> None:
        failing = await until(running, lambda second: page(second).failed > 0)
        assert page(failing[-1]).ok == 0
        gone = replace(entrance, names=start("shop.dns", entrance.ports["dns"]))
        try:
            await until(running, lambda second: page(second).failed == 0 < page(second).ok)
        finally:
            gone.names.kill()

    drive(entrance.users(locustfile), story)
