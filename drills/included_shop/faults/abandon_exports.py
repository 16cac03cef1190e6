"""Exports are broken off in the middle, and the app keeps the database connection of each until none is left."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import urlsplit

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.included_shop.faults.app_address import app_on_loopback
from drills.included_shop.names import Service
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox

_TIMEOUT = 8.0
#: Some lines of its first part: the app rests then, and its session stays idle. In a query it would be ended.
_BEGINNING = 1000
#: An export that meets a replica without a free connection is refused; for this long new ones are begun.
_APPLY_SECONDS = 30.0
#: With twenty users a pool of which nothing is kept is unused for a moment within a fraction of this time.
_UNUSED_WITHIN_SECONDS = 4.0
#: A pool that is used up stays so; one that is busy has a connection free for a moment within this time.
_USED_UP_SECONDS = 1.0
_GAUGES = re.compile(r"^shop_pool_(in_use|size) (\S+)$", re.MULTILINE)


class AbandonExports(Fault):
    """`{kind: abandon-exports}`

    An export of the orders that its client breaks off never gives its database connection back, a weakness of the
    included shop. So many are begun and broken off that no replica has a connection left; the database itself has many.
    A restart of the app gives them back, and nobody begins another export.
    """

    kind: ClassVar[str] = "abandon-exports"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES})

    def summary(self) -> str:
        return "break exports off until the app has no database connection left"

    def check(self, sandbox: Sandbox) -> None:
        app = app_on_loopback(sandbox)
        if _is_used_up(app):
            raise FaultImpossible("the app has no database connection left already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - the app itself shows what is left to undo
        return {}

    def apply(self, sandbox: Sandbox) -> None:
        from concurrent.futures import ThreadPoolExecutor

        app = sandbox.addresses["app"]
        size = self._size(sandbox)
        kept, deadline = 0, time.monotonic() + _APPLY_SECONDS
        while kept < size and time.monotonic() < deadline:
            # Twice as many as are left: which replica takes one is chance.
            several = 2 * (size - kept)
            with ThreadPoolExecutor(several) as clients:
                kept += sum(clients.map(lambda _: _break_off(app), range(several)))

    def verify(self, sandbox: Sandbox) -> str:
        if not _is_used_up(sandbox.addresses["app"]):
            raise FaultImpossible("the app still has database connections that are free")
        return f"the app has all of its {self._size(sandbox)} database connections in use, for nobody"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:  # noqa: ARG003
        if not _nothing_is_kept(sandbox):
            sandbox.services.restart(Service.APP)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:  # noqa: ARG003
        if not _nothing_is_kept(sandbox):
            raise EnvironmentFailed("the app still keeps database connections that nobody uses")

    def _size(self, sandbox: Sandbox) -> int:
        pool = _pool(sandbox.addresses["app"])
        if pool is None:
            raise EnvironmentFailed("the app does not report how many connections it has in use")
        return pool[1]


def _break_off(app: str) -> bool:
    """Begin an export and hang up as soon as it comes; False if it did not come."""
    import http.client

    address = urlsplit(app)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/export")
        with connection.getresponse() as answer:
            return answer.status == http.client.OK and len(answer.read(_BEGINNING)) == _BEGINNING
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _pool(app: str) -> tuple[int, int] | None:
    """How many connections all replicas have in use, and may have; None when the app does not report it."""
    import http.client
    from urllib.request import ProxyHandler, build_opener

    try:
        with build_opener(ProxyHandler({})).open(f"{app}/metrics", timeout=_TIMEOUT) as answer:
            gauges = dict(_GAUGES.findall(answer.read().decode()))
        return int(float(gauges["in_use"])), int(float(gauges["size"]))
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return None


def _is_used_up(app: str) -> bool:
    def one_is_free() -> bool:
        pool = _pool(app)
        return pool is None or pool[0] < pool[1]

    return not _until(one_is_free, seconds=_USED_UP_SECONDS)


def _comes_unused(app: str) -> bool:
    def is_unused() -> bool:
        pool = _pool(app)
        return pool is not None and pool[0] == 0

    return _until(is_unused, seconds=_UNUSED_WITHIN_SECONDS)


def _until(holds: Callable[[], bool], *, seconds: float) -> bool:
    from drills.processes.leftovers import until

    return until(holds, seconds=seconds)


def _nothing_is_kept(sandbox: Sandbox) -> bool:
    """A replica that is down keeps nothing; one that is frozen cannot answer, and goes on with what it keeps."""
    app = next(each for each in sandbox.services.list() if each.name == Service.APP)
    if app.running is Running.DOWN:
        return True
    return app.running is Running.UP and not app.detail and _comes_unused(sandbox.addresses["app"])
