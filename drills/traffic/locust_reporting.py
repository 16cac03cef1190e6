"""Reports each second as it ends, and how far the generator itself was behind its plan."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import gevent

from drills.traffic.ledger import Ledger
from drills.traffic.wire import second_line

#: How often the generator checks whether it is on time itself.
_HEARTBEAT = 0.05


class Reporter:
    """`send` takes a line to whoever wants to know."""

    def __init__(self, ledger: Ledger, send: Callable[[bytes], None]) -> None:
        self._ledger, self._send = ledger, send
        self._lag = 0.0

    def begin(self) -> None:
        """Go on in the background until the process ends."""
        for work in (self._tell_seconds, self._heartbeat):
            gevent.spawn(work).link_exception(end_broken)

    def totals(self) -> dict[str, int]:
        return {"users_total": self._ledger.users_total, "users_suffered": self._ledger.users_suffered}

    def _tell_seconds(self) -> None:
        cpu, reported_at = time.process_time(), time.monotonic()
        while True:
            gevent.sleep(1.0 - (time.monotonic() - self._ledger.start) % 1.0)
            now, used = time.monotonic(), time.process_time()
            seconds = self._ledger.close(now)
            share = (used - cpu) / max(now - reported_at, 1e-6)
            for second in seconds:
                self._send(second_line(second, lag=self._lag, cpu=share, **self.totals()))
            if seconds:
                cpu, reported_at, self._lag = used, now, 0.0

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


def write_all(descriptor: int, message: bytes) -> None:
    """The whole message, which a pipe may take in parts."""
    while message:
        message = message[os.write(descriptor, message) :]


def end_broken(greenlet: Any) -> None:
    """A part of the generator failed: end the process, which is noticed, instead of measuring half."""
    print(f"traffic: {greenlet.exception!r}", file=sys.stderr, flush=True)
    os._exit(1)
