"""The app's address for faults that speak to it: on this machine, or not at all."""

from __future__ import annotations

from urllib.parse import urlsplit

from drills.faults.fault import FaultImpossible
from drills.sandbox.sandbox import Sandbox

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def app_on_loopback(sandbox: Sandbox) -> str:
    """The app's base URL. Raises FaultImpossible when there is none, or it is not on loopback."""
    app = sandbox.addresses.get("app", "")
    host = urlsplit(app).hostname
    if host is None:
        raise FaultImpossible("the sandbox has no app")
    if host not in _LOOPBACK:
        raise FaultImpossible(f"the app is at {host}; this fault speaks to loopback only")
    return app
