"""Users who repeat a probe are paced and measured like Locust's."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from drills.clock import SystemClock
from drills.conductor.journey_users import JourneyUsers
from drills.core.events import TrafficEnded, TrafficSecond
from drills.core.probe import ProbeSpec
from drills.core.scenario import Traffic


@contextmanager
def served(answer: dict[str, int]) -> Iterator[str]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer["status"])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_users_repeat_their_journeys_and_suffer_when_these_fail() -> None:
    answer = {"status": 200}

    async def go(url: str) -> tuple[list[TrafficSecond], TrafficEnded]:
        clock = SystemClock()
        spec = ProbeSpec(name="home", kind="http", settings={"url": "${web}/"}, assert_=("status == 200",))
        traffic = Traffic(users=6, spawn_rate=100, requests_per_user=2, slow_after=timedelta(seconds=1))
        users = JourneyUsers([spec], {"web": url}, traffic, clock.monotonic(), clock)
        await users.start()
        seconds: list[TrafficSecond] = []
        async for second in users.seconds():
            seconds.append(second)
            if len(seconds) == 2:
                await users.mark_baseline()
                answer["status"] = 503
            if len(seconds) == 5:
                break
        return seconds, await users.stop()

    with served(answer) as url:
        seconds, ended = asyncio.run(go(url))
    assert [second.users for second in seconds] == [6] * 5
    assert seconds[1].planned == 12
    assert (seconds[1].routes["home"].ok, seconds[1].users_suffering) == (12, 0)
    assert seconds[4].routes["home"].failed == 12
    assert seconds[4].routes["home"].errors == {"status 503, not 200": 12}
    assert seconds[4].users_suffering == 6
    assert (ended.users_total, ended.users_suffered) == (6, 6)
