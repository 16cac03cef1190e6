"""The traffic as it is: real Locust in its subprocess, against a real server that can stall, fail and refuse."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from drills.core.events import RouteSecond, TrafficSecond
from drills.core.scenario import Traffic
from drills.errors import BadInput, EnvironmentFailed
from drills.traffic import generator
from drills.traffic.generator import TrafficGenerator

PLAIN = """
from locust import HttpUser, between, task

class Visitor(HttpUser):
    wait_time = between(100, 200)  # replaced by the drill's own pacing

    @task
    def page(self):
        self.client.get("/page?x=1", name="page")
"""

MANY_KINDS = """
import time
from locust import FastHttpUser, HttpUser, TaskSet, constant, task

print("a locustfile may print")

class Nested(HttpUser):
    fixed_count = 1

    @task
    class Shelf(TaskSet):
        wait_time = constant(300)

        @task
        def judged(self):
            with self.client.get("/page", name="judged", catch_response=True) as answer:
                answer.failure("not what was asked for")

class Fast(FastHttpUser):
    fixed_count = 1

    @task
    def quick(self):
        self.client.get("/page", name="quick")

class Careless(HttpUser):
    fixed_count = 1
    tries = 0

    def on_start(self):
        self.tries += 1
        self.client.get("/page", name="begin")
        if self.tries == 1:
            raise ValueError("no luck at first")

    @task
    def broken(self):
        with self.client.get("/page", name="broken", catch_response=True) as answer:
            answer.json()["no such field"]

class Idle(HttpUser):
    fixed_count = 1

    @task
    def nothing(self):
        pass

class Missing(HttpUser):
    fixed_count = 1

    @task
    def missing(self):
        self.client.get("/error", name="missing")
"""


@dataclass
class App:
    """An HTTP server whose temper can be changed while it serves."""

    status: int = 200
    degraded: bool = False
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                await self.calm.wait()
                status = 500 if b" /error" in request else self.status
                extra = "X-Degraded: recommendations\r\n" if self.degraded else ""
                writer.write(f"HTTP/1.1 {status} Said\r\n{extra}Content-Length: 2\r\n\r\n{{}}".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def main(self, up: threading.Event) -> None:
        self.calm.set()
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.loop = asyncio.get_running_loop()
        up.set()
        await server.serve_forever()

    def do(self, change: Callable[[], Any]) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(change)


@pytest.fixture
def app() -> Iterator[App]:
    running, up = App(), threading.Event()

    def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(running.main(up))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert up.wait(10)
    yield running
    assert running.loop is not None
    loop = running.loop
    loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    thread.join(10)


@pytest.fixture
def locustfile(tmp_path: Path) -> Path:
    path = tmp_path / "visitors.py"
    path.write_text(PLAIN)
    return path


def traffic(users: int = 5, rate: float = 4.0, slow_after: float = 0.5) -> Traffic:
    return Traffic(users=users, spawn_rate=50, requests_per_user=rate, slow_after=timedelta(seconds=slow_after))


async def until(
    running: TrafficGenerator, enough: Callable[[TrafficSecond], bool], *, at_most: int = 30
) -> list[TrafficSecond]:
    """The seconds up to the first one that is enough."""
    seen: list[TrafficSecond] = []
    async for second in running.seconds():
        seen.append(second)
        if enough(second):
            return seen
        assert len(seen) < at_most, f"not seen within {at_most} s: {seen[-1]}"
    raise AssertionError("the traffic ended")


def drive(running: TrafficGenerator, story: Callable[[TrafficGenerator], Coroutine[Any, Any, None]]) -> None:
    """Run a story with traffic; whatever becomes of it, the subprocess is gone afterwards."""

    async def play() -> None:
        await running.start()
        try:
            await story(running)
        finally:
            await running.stop()

    asyncio.run(play())
    assert running.pid is not None
    assert not psutil.pid_exists(running.pid)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def total(seconds: list[TrafficSecond], kind: str) -> int:
    return sum(getattr(route, kind) for second in seconds for route in second.routes.values())


def routes(seconds: list[TrafficSecond]) -> dict[str, list[RouteSecond]]:
    names = {name for second in seconds for name in second.routes}
    return {name: [second.routes[name] for second in seconds if name in second.routes] for name in names}


def page(second: TrafficSecond) -> RouteSecond:
    return second.routes.get("page", RouteSecond())


def test_a_stall_shows_all_that_users_suffer_in_it(app: App, locustfile: Path) -> None:
    """A closed loop would report 5 slow requests, one for each user, and hide the rest."""
    origin = time.monotonic()
    running = TrafficGenerator(locustfile, app.url, traffic(rate=10), origin)

    async def story(running: TrafficGenerator) -> None:
        calm = await until(running, lambda second: second.planned == 50 and second.first_suffering is None)
        assert page(calm[-1]).ok > 0
        assert calm[-1].generator_cpu > 0
        await running.mark_baseline()
        app.do(app.calm.clear)
        began = time.monotonic() - origin
        stall = await until(running, lambda second: second.overdue >= 30)
        assert stall[-1].users_suffering == 5
        assert stall[-1].overdue_routes == {"page": stall[-1].overdue}
        ended = time.monotonic() - origin
        app.do(app.calm.set)
        stall += await until(running, lambda second: not second.overdue and page(second).missed == 0)
        # 50 intended starts a second; those of the last half second are answered soon enough.
        assert total(stall, "slow") + total(stall, "missed") >= (ended - began - 0.6) * 50
        assert total(stall, "missed") > 3 * 5
        assert max(second.last_suffering or 0.0 for second in stall) >= ended
        both = calm + stall
        outcomes = sum(total(both, kind) for kind in ("ok", "slow", "failed", "missed"))
        assert 0 <= sum(second.planned for second in both) - outcomes <= 5 * 10
        assert [round(after.t - before.t, 3) for before, after in pairwise(both)] == [1.0] * (len(both) - 1)
        totals = await running.stop()
        assert (totals.users_total, totals.users_suffered) == (5, 5)
        again = await running.stop()
        assert (again.users_total, again.users_suffered) == (5, 5)

    drive(running, story)


def test_users_come_and_go_and_their_troubles_are_told_by_kind(app: App, locustfile: Path) -> None:
    running = TrafficGenerator(locustfile, app.url + "/", traffic(users=3), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        app.degraded = True
        await running.change_users(12, 50)
        seconds = await until(running, lambda second: second.planned == 48)
        assert 0 < page(seconds[-1]).degraded == page(seconds[-1]).ok + page(seconds[-1]).slow
        app.degraded, app.status = False, 503
        await running.change_users(2, 50)
        failing = await until(
            running, lambda second: second.users == 2 and second.planned == 8 and page(second).ok == 0
        )
        assert page(failing[-1]).errors == {"HTTP 503": page(failing[-1]).failed}
        assert failing[-1].users_suffering == 2
        app.status = 200
        await until(running, lambda second: page(second).ok > 0 and page(second).failed == 0)
        assert (await running.stop()).users_total == 12

    drive(running, story)


def test_an_app_that_is_gone_fails_every_request_at_once(locustfile: Path) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    running = TrafficGenerator(locustfile, address, traffic(), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        seconds = await until(running, lambda second: page(second).failed > 0)
        assert page(seconds[-1]).errors == {"ConnectionRefusedError": page(seconds[-1]).failed}
        assert page(seconds[-1]).ok == 0

    drive(running, story)


def test_a_teams_own_locustfile_of_any_style_is_paced_and_recorded(app: App, locustfile: Path) -> None:
    locustfile.write_text(MANY_KINDS)
    running = TrafficGenerator(locustfile, app.url, traffic(), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        seconds = await until(running, lambda second: len(second.routes) == 4 and "begin" not in second.routes)
        told = routes(seconds)
        assert sum(one.ok for one in told["begin"]) == 2, "a user who cannot begin tries again"
        assert set(told["quick"][-1].errors) == set()
        assert set(told["judged"][-1].errors) == {"not what was asked for"}
        assert set(told["broken"][-1].errors) == {"KeyError: 'no such field'"}
        assert set(told["missing"][-1].errors) == {"HTTP 500"}
        for name, one in told.items():
            # Each user intends 4 a second; unpaced it would make hundreds.
            assert 1 <= one[-1].ok + one[-1].slow + one[-1].failed <= 8, f"{name} is not paced"

    drive(running, story)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("from locust import HttpUser\nx = nothing\n", r"visitors\.py:2: NameError: name 'nothing'"),
        ("def broken(:\n", r"visitors\.py:1: SyntaxError"),
        ("x = 1\n", r"visitors\.py: has no HttpUser"),
    ],
)
def test_a_locustfile_that_cannot_be_used_is_bad_input(locustfile: Path, text: str, says: str) -> None:
    locustfile.write_text(text)
    running = TrafficGenerator(locustfile, "http://127.0.0.1:9", traffic(), time.monotonic())
    with pytest.raises(BadInput, match=says):
        asyncio.run(running.start())
    assert running.pid is not None
    assert not psutil.pid_exists(running.pid)


def test_a_locustfile_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        asyncio.run(TrafficGenerator(tmp_path / "none.py", "http://127.0.0.1:9", traffic(), 0.0).start())


def test_no_list_of_processes_names_the_locustfile(app: App, locustfile: Path) -> None:
    """It may lie in the folder of the scenario that is practised."""
    running = TrafficGenerator(locustfile, app.url, traffic(), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        assert str(locustfile) not in " ".join(psutil.Process(running.pid).cmdline())

    drive(running, story)


def test_a_generator_that_is_killed_is_a_failed_environment(app: App, locustfile: Path) -> None:
    running = TrafficGenerator(locustfile, app.url, traffic(), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        await until(running, lambda second: True)
        assert running.pid is not None
        os.kill(running.pid, signal.SIGKILL)
        with pytest.raises(EnvironmentFailed, match="was killed by signal 9"):
            await until(running, lambda second: False)
        with pytest.raises(EnvironmentFailed, match="was killed by signal 9"):
            await running.change_users(10, 10)
        assert (await running.stop()).users_total == 5

    drive(running, story)


def test_a_generator_that_falls_silent_is_a_failed_environment(
    app: App, locustfile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = TrafficGenerator(locustfile, app.url, traffic(), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        monkeypatch.setattr(generator, "SILENCE", 1.2)
        monkeypatch.setattr(generator, "STOP_TIMEOUT", 0.1)
        await until(running, lambda second: True)
        assert running.pid is not None
        os.kill(running.pid, signal.SIGSTOP)
        with pytest.raises(EnvironmentFailed, match="has said nothing"):
            await until(running, lambda second: False)

    drive(running, story)


PARENT = """
import asyncio, sys, time
from pathlib import Path
from drills.core.scenario import Traffic
from drills.traffic.generator import TrafficGenerator

async def main():
    running = TrafficGenerator(Path(sys.argv[1]), sys.argv[2], Traffic(users=2), time.monotonic())
    await running.start()
    print(running.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_users_end_with_the_process_that_started_them_however_it_ends(app: App, locustfile: Path) -> None:
    environment = {**os.environ, "DRILLS_TEST_MARKER": "carried"}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(locustfile), app.url], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.Process(pid).environ()["DRILLS_TEST_MARKER"] == "carried"
    parent.kill()
    parent.wait(10)
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while not gone(pid):
        assert time.monotonic() < deadline, "the users live on"
        time.sleep(0.02)
