"""The shop's customers, as the real generator runs them, against a server that says what the shop would."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from drills.included import included_root
from drills.model.scenario import Traffic
from drills.traffic.generator import TrafficGenerator

ORIGIN = "https://www.shop.test"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    allowed = ""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"token": "t", "order": 7}).encode()
        self.send_response(200)
        if self.headers.get("Origin") == self.allowed:
            self.send_header("Access-Control-Allow-Origin", self.allowed)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def serving(allowed: str) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (Answers,), {"allowed": allowed}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def visited(url: str, requests: int) -> tuple[Counter[str], Counter[str]]:
    """Requests that ended well by route, and errors by their text, until so many were answered."""
    well: Counter[str] = Counter()
    errors: Counter[str] = Counter()

    async def visit() -> None:
        traffic = Traffic(users=20, spawn_rate=100, requests_per_user=4)
        generator = TrafficGenerator(included_root() / "shop/locustfile.py", url, traffic, time.monotonic())
        await generator.start()
        try:
            async for second in generator.seconds():
                for route, told in second.routes.items():
                    well[route] += told.ok + told.slow
                    errors.update(told.errors)
                if sum(well.values()) + sum(errors.values()) >= requests:
                    return
        finally:
            await generator.stop()

    asyncio.run(visit())
    return well, errors


def test_an_answer_that_a_browser_keeps_from_the_page_is_a_failed_request() -> None:
    with serving("https://elsewhere.test") as url:
        well, errors = visited(url, 20)
    assert (sum(well.values()), set(errors)) == (0, {"kept from the page: no Access-Control-Allow-Origin"})


def test_a_shop_that_is_not_there_is_one_kind_of_error() -> None:
    with serving(ORIGIN) as url:
        pass
    well, errors = visited(url, 20)
    assert (sum(well.values()), set(errors)) == (0, {"ConnectionError"})
