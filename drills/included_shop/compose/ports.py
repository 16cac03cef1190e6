"""Which ports the compose file publishes. Without imports that are slow to load: help texts ask it."""

from __future__ import annotations

from collections.abc import Mapping

from drills.included_shop.names import Service

DIRECT = "app-direct"
"""The compose service that leads to the app around the edge."""
DISK = "database-disk"
"""The compose service that holds the database's disk while the database is down."""

#: The port of each service inside its container, and the one it has on this machine unless that is taken.
PORTS: Mapping[str, tuple[str, int, int]] = {
    Service.APP: (Service.EDGE, 8080, 18080),
    Service.EDGE: (Service.EDGE, 8443, 18443),
    DIRECT: (DIRECT, 8080, 18081),
    Service.DATABASE: (Service.DATABASE, 5432, 15432),
    Service.CACHE: (Service.CACHE, 6379, 16379),
    Service.EXTERNAL_API: (Service.EXTERNAL_API, 8000, 18090),
    Service.TOXIPROXY: (Service.TOXIPROXY, 8474, 18474),
    Service.DNS: (Service.DNS, 5353, 15353),
}


def port_variable(name: str) -> str:
    return f"DRILLS_PORT_{upper(name)}"


def upper(name: str) -> str:
    """As a part of a variable's name."""
    return name.upper().replace("-", "_")
