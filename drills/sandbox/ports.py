"""Free ports on loopback that stay ours while a service is down."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.sandbox.port_claims import claim

HOST = "127.0.0.1"
#: Below the range from which systems take the ports of outgoing connections (Linux: 32768 and up, IANA: 49152 and
#: up), so that none of these takes the port of a service that is stopped for a while.
RANGE = range(20_000, 32_000)


def free_port(taken: set[int], owner: Path) -> int:
    """A port that nobody listens on, and no other sandbox means to; `owner` is the state file of the one that asks.

    Raises EnvironmentFailed when none is found.
    """
    chance = random.SystemRandom()
    for _ in range(200):
        port = chance.choice(RANGE)
        if port not in taken and is_free(port) and claim(port, owner):
            return port
    raise EnvironmentFailed(f"no free port found on {HOST} between {RANGE.start} and {RANGE.stop}")


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a former listener that the kernel still remembers do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int, timeout: float = 0.5) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection((HOST, port), timeout=timeout):
            return True
    except OSError:
        return False


def choose_ports(
    names: Iterable[str], present: Mapping[str, int], owner: Path, *, taken: Iterable[int] = ()
) -> dict[str, int]:
    """A port for each name, all different and none of the taken: the present one where it is free.

    `owner` is the state file of the sandbox that asks. To be asked while nothing runs on them.
    """
    chosen: dict[str, int] = {}
    for name in names:
        port = present.get(name)
        others = {*taken, *chosen.values()}
        usable = port and port not in others and is_free(port) and claim(port, owner)
        chosen[name] = port if port and usable else free_port(others, owner)
    return chosen
