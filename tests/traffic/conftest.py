"""An app with a temper, and users who want one page of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.traffic.moody_app import App

PLAIN = """
from locust import HttpUser, between, task

class Visitor(HttpUser):
    wait_time = between(100, 200)  # replaced by the drill's own pacing

    @task
    def page(self):
        self.client.get("/page?x=1", name="page")
"""


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
