"""Users who repeat a probe are paced and measured like Locust's."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from drills.clock import SystemClock
from drills.drill.journey_users import JourneyUsers
from drills.model.events import TrafficEnded, TrafficSecond
from drills.model.probe import ProbeSpec
from drills.model.scenario import Traffic


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
        # Slow only when the machine is: what is asked here is what failed.
        traffic = Traffic(users=6, spawn_rate=100, requests_per_user=2, slow_after=timedelta(seconds=30))
        users = JourneyUsers([spec], {"web": url}, traffic, clock.monotonic(), clock)
        await users.start()
        seconds: list[TrafficSecond] = []
        async for second in users.seconds():
            seconds.append(second)
            if second.users == 6 and answer["status"] == 200:
                await users.mark_baseline()
                answer["status"] = 503
            if second.users_suffering == 6:
                break
        return seconds, await users.stop()

    with served(answer) as url:
        seconds, ended = asyncio.run(asyncio.wait_for(go(url), 60))
    assert seconds[0].users_suffering == 0
    assert seconds[0].routes["home"].ok > 0
    worst = seconds[-1].routes["home"]
    assert worst.errors == {"status 503, not 200": worst.failed}
    assert sum(second.started for second in seconds) >= 12
    assert (ended.users_total, ended.users_suffered) == (6, 6)
