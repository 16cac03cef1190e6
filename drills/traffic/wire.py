"""The protocol between the generator and its subprocess: one JSON object per line, `say` names its kind.

    to the subprocess     the plan, first │ change (users, spawn-rate) │ mark │ stop
    from the subprocess   ready │ refused (reason) │ second (…) │ ended (totals)

Imports little on purpose: the subprocess loads it in addition to Locust.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from drills.traffic.second import Second

#: Kinds of messages between Locust's workers and their master.
SECOND_MESSAGE = "drills-second"
MARK_MESSAGE = "drills-mark"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the subprocess is started with; times in seconds.

    `ca` is a file of certificates to trust, `dns` the server (host:port) that names are asked of, for users who come
    through the edge. With `workers` the subprocess is Locust's master; `worker`, `start` (monotonic) and the master's
    `port` are what it tells each of them, and the `name` by which it knows it.
    """

    locustfile: str
    base_url: str
    users: int
    spawn_rate: float
    period: float
    slow_after: float
    client_timeout: float
    ca: str | None = None
    dns: str | None = None
    workers: int = 0
    worker: int | None = None
    start: float | None = None
    port: int | None = None
    name: str = ""

    def line(self) -> bytes:
        """The first line of the subprocess's standard input.

        Arguments and environments are seen in every list of processes, and a locustfile's folder may name the scenario.
        """
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, descriptor: int) -> Plan:
        """The plan from that line, and not a byte of what follows it."""
        text = b""
        while not text.endswith(b"\n"):
            if not (byte := os.read(descriptor, 1)):
                raise EOFError("the plan of the traffic ended in the middle")
            text += byte
        return cls(**json.loads(text))


def line(say: str, **body: Any) -> bytes:
    """One message, with its end of line."""
    return json.dumps({"say": say, **body}, separators=(",", ":")).encode() + b"\n"


def second_line(second: Second, *, lag: float, cpu: float, users_total: int, users_suffered: int) -> bytes:
    """A finished second; `end` is monotonic."""
    body = asdict(second)
    sufferers = body.pop("sufferers")
    return line(
        "second",
        **body,
        users_suffering=len(sufferers),
        overdue=sum(second.overdue_routes.values()),
        lag=lag,
        generator_cpu=cpu,
        users_total=users_total,
        users_suffered=users_suffered,
    )
