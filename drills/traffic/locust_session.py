"""One run of Locust inside the subprocess: its users, the clock of seconds, and the lines from and to our process."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

# Locust comes first among the foreign modules: it patches the standard library.
import locust  # isort: skip
import gevent
import gevent.event
from gevent.fileobject import FileObject
from locust import HttpUser
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

from drills.traffic.ledger import Ledger
from drills.traffic.user import install, paced
from drills.traffic.wire import Plan, line, second_line

#: How often the generator looks whether it is on time itself.
_HEARTBEAT = 0.05


class Refused(Exception):
    """The locustfile cannot be used; the message says where and why."""


def load(path: str) -> list[type[Any]]:
    """The user classes of a locustfile. Raises Refused."""
    try:
        classes, _ = load_locustfile(path)
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        place = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else None
        raise Refused(f"{path}:{place or 1}: {type(error).__name__}: {error}") from error
    users = [one for one in classes.values() if issubclass(one, HttpUser | FastHttpUser)]
    if not users:
        raise Refused(f"{path}: has no HttpUser or FastHttpUser with tasks; write `class Visitor(HttpUser)`")
    for user in users:
        if not user.tasks:
            raise Refused(f"{path}: {user.__name__} has no tasks; mark its methods with @task")
    return users


class Session:
    """Runs until told to stop, or until stdin ends."""

    def __init__(self, plan: Plan, protocol: int) -> None:
        self._plan, self._protocol = plan, protocol
        self._lag = 0.0
        self._ending = gevent.event.Event()

    def run(self) -> None:
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
        plan = self._plan
        try:
            classes = load(plan.locustfile)
        except Refused as error:
            self._tell(line("refused", reason=str(error)))
            sys.exit(1)
        self._ledger = Ledger(time.monotonic(), period=plan.period, slow_after=plan.slow_after)
        users = [
            paced(one, self._ledger, base_url=plan.base_url, client_timeout=plan.client_timeout) for one in classes
        ]
        self._environment = Environment(
            user_classes=users,
            host=plan.base_url,
            events=locust.events,
            locustfile=Path(plan.locustfile).name,
            stop_timeout=plan.client_timeout,
        )
        install(self._environment, self._ledger)
        self._runner = self._environment.create_local_runner()
        events: Any = self._environment.events
        events.init.fire(environment=self._environment, runner=self._runner, web_ui=None)
        self._runner.start(plan.users, spawn_rate=plan.spawn_rate)
        self._tell(line("ready"))
        for work in (self._tell_seconds, self._obey, self._heartbeat):
            gevent.spawn(work).link_exception(self._broken)
        self._ending.wait()
        # The totals must not wait for users who hang; the process ends with all of them.
        self._tell(line("ended", **self._totals()))
        os._exit(0)

    def _broken(self, greenlet: Any) -> None:
        print(f"traffic: {greenlet.exception!r}", file=sys.stderr, flush=True)
        os._exit(1)

    def _totals(self) -> dict[str, int]:
        return {"users_total": self._ledger.users_total, "users_suffered": self._ledger.users_suffered}

    def _tell(self, message: bytes) -> None:
        while message:
            message = message[os.write(self._protocol, message) :]

    def _tell_seconds(self) -> None:
        cpu, told = time.process_time(), time.monotonic()
        while True:
            gevent.sleep(1.0 - (time.monotonic() - self._ledger.start) % 1.0)
            now, used = time.monotonic(), time.process_time()
            seconds = self._ledger.close(now)
            share = (used - cpu) / max(now - told, 1e-6)
            for second in seconds:
                self._tell(second_line(second, lag=self._lag, cpu=share, **self._totals()))
            if seconds:
                cpu, told, self._lag = used, now, 0.0

    def _heartbeat(self) -> None:
        """This greenlet waits for nobody: when it is late, the generator is, whatever the app does."""
        due = time.monotonic()
        while True:
            due += _HEARTBEAT
            gevent.sleep(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            self._lag = max(self._lag, late)
            if late > _HEARTBEAT:
                due = time.monotonic()

    def _obey(self) -> None:
        with FileObject(0, "rb", closefd=False) as orders:
            for text in orders:
                order = json.loads(text)
                match order["say"]:
                    case "change":
                        self._runner.start(order["users"], spawn_rate=order["spawn_rate"])
                    case "mark":
                        self._ledger.mark(time.monotonic())
                    case "stop":
                        break
        self._ending.set()
