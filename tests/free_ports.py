"""Ports for servers that tests start and that cannot be given port 0."""

from __future__ import annotations

import itertools
import os
import socket

#: Below the ports that the system gives to connections and to whoever asks for port 0, each worker has some of its own:
#: a port that was free a moment ago is nobody else's when the server binds it.
_FIRST, _OF_EACH, _WORKERS = 10_000, 1_000, 5
_offsets = itertools.count(os.getpid() % _OF_EACH)


def free_port() -> int:
    """A port of this worker's that nobody listens at."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    while True:
        port = _FIRST + worker * _OF_EACH + next(_offsets) % _OF_EACH
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
