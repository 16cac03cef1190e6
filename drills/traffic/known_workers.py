"""Locust's master listens on a port of this machine: only its own workers are heard there.

Each gets a name that nobody can guess, and Locust's protocol carries it as the sender of every message. What others
send is dropped, and bytes that are no message never reach Locust, whose listener would end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import Any

log = logging.getLogger(__name__)


def hear_only(server: Any, names: Collection[str]) -> None:
    """Let the RPC server of Locust's master (`runner.server`) receive from the workers of these names."""
    receive: Callable[[], tuple[str, Any]] = server.recv_from_client

    def received() -> tuple[str, Any]:
        while True:
            try:
                sender, message = receive()
            except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes raise in the unpacking
                log.warning("a message that cannot be read was dropped: %s", type(error).__name__)
                continue
            if sender.rpartition("_")[2] in names:
                return sender, message

    server.recv_from_client = received


def call_yourself(name: str) -> None:
    """Have Locust name the worker that this process makes so; it would draw a UUID otherwise, and takes no other."""
    import locust.runners

    setattr(locust.runners, "uuid4", lambda: SimpleNamespace(hex=name))  # noqa: B010 - replaced on purpose
