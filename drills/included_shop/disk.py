"""The bounded disk under the shop's database."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from drills.errors import EnvironmentFailed, NotSupported
from drills.included_shop.ground import Ground
from drills.included_shop.names import Service
from drills.sandbox.capabilities.disk import DatabaseDisk, DiskUsage

_DUMPS = "dumps/"


class ShopDisk:
    """See `drills.sandbox.capabilities.disk.Disk`. `bounded` says whether there is one here."""

    def __init__(self, ground: Ground, disk: DatabaseDisk, bounded: Callable[[], bool]) -> None:
        self._ground = ground
        self._disk = disk
        self._bounded = bounded

    @property
    def service(self) -> str:
        return Service.DATABASE

    def folder(self, service: str) -> str:
        raise NotSupported(f"{service} has no disk of its own; leave service out, and the database's is filled")

    def usage(self) -> DiskUsage:
        self._ground.active()
        return self._disk.usage()

    def remove(self, name: str) -> int:
        self._ground.active()
        return self._disk.remove(name)

    # --- the state before and after a drill

    def state(self) -> Mapping[str, str]:
        """What lies on it beside the database's data; the fingerprint has it with the database."""
        if not self._bounded():
            return {}
        return {name: f"{size} bytes" for name, size in self.usage().entries.items() if name.startswith(_DUMPS)}

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        """Remove the dumps that came since: on a full disk the database does not even start."""
        done = []
        with contextlib.suppress(EnvironmentFailed):  # What holds the disk is down: it is started next.
            for name in self.state().keys() - state.keys():
                self.remove(name)
                done.append(f"database.dumps.{name}: there → absent")
        return tuple(done)
