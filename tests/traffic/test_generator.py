"""The traffic as it is: real Locust in its subprocess, against a real server that can stall, fail and refuse."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.model.events import RouteSecond, TrafficSecond
from drills.traffic import generator
from drills.traffic.generator import TrafficGenerator
from tests.traffic.driving import drive, page, traffic, until
from tests.traffic.moody_app import App

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

LOGGED_IN_ONCE = """
from locust import HttpUser, task

import drills.traffic.user

drills.traffic.user.BEGIN_ANEW = 1.5

class Member(HttpUser):
    def on_start(self):
        self.session = self.client.get("/login", name="login").headers["X-Session"]

    @task
    def page(self):
        self.client.get(f"/page?session={self.session}", name="page")
"""


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


def test_users_whose_session_is_lost_log_in_again_when_they_only_got_errors_for_a_while(
    app: App, locustfile: Path
) -> None:
    locustfile.write_text(LOGGED_IN_ONCE)
    running = TrafficGenerator(locustfile, app.url, traffic(users=3), time.monotonic())

    async def story(running: TrafficGenerator) -> None:
        await until(running, lambda second: page(second).ok >= 9)
        app.session = "second"
        lost = await until(running, lambda second: page(second).failed >= 9)
        assert page(lost[-1]).errors == {"HTTP 401": page(lost[-1]).failed}
        found = await until(running, lambda second: page(second).ok >= 9)
        assert sum(second.routes["login"].ok for second in found if "login" in second.routes) >= 3
        assert found[-1].users == 3

    drive(running, story)


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


def test_users_end_also_when_stopping_them_is_cancelled(app: App, locustfile: Path) -> None:
    running = TrafficGenerator(locustfile, app.url, traffic(), time.monotonic())

    async def play() -> None:
        await running.start()
        assert running.pid is not None
        # It cannot give its totals: the cancellation surely comes while they are waited for.
        os.kill(running.pid, signal.SIGSTOP)
        stopping = asyncio.create_task(running.stop())
        await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        alive = not gone(running.pid)
        await running.stop()
        assert not alive, "the users go on while everything is mended"

    asyncio.run(play())


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
from drills.model.scenario import Traffic
from drills.traffic.generator import TrafficGenerator
from tests.traffic.driving import drive, page, traffic, until
from tests.traffic.moody_app import App

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
