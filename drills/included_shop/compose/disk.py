"""The database's disk, checked through the container that holds it: also while the database is down."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from drills.errors import BadInput, EnvironmentFailed
from drills.included_shop.compose.ports import DISK
from drills.included_shop.compose.service_control import ServiceControl
from drills.nearest import suggest
from drills.sandbox.capabilities.disk import DiskUsage
from drills.sandbox.capabilities.services import Running

DATA_PATH = "/var/lib/postgresql/data"
DUMPS = f"{DATA_PATH}/dumps"
#: By the compose file; see there.
RESERVE_BYTES = 64 * 2**20
#: With less, PostgreSQL may not start.
_ENOUGH_BYTES = 64 * 2**20
_MEASURE = (
    f"df -B1 --output=size,used,avail {DATA_PATH} | tail -n 1; "
    f"cd {DATA_PATH}; du -s -B1 data/* dumps/* 2>/dev/null; true"
)
_ENTRY = re.compile(r"(\d+)\s+(.+)")


class DatabaseDisk:
    """All raise EnvironmentFailed when the disk's container does not run."""

    def __init__(self, control: ServiceControl) -> None:
        self._control = control

    def usage(self) -> DiskUsage:
        first, *rest = self._run("sh", "-c", _MEASURE).splitlines()
        total, used, free = (int(number) for number in first.split())
        sizes = {found[2]: int(found[1]) for line in rest if (found := _ENTRY.fullmatch(line.strip()))}
        return DiskUsage(
            total=total - RESERVE_BYTES,
            used=max(0, used - RESERVE_BYTES),
            free=free,
            entries={name.removeprefix("data/"): size for name, size in sizes.items() if size},
            dumps=DUMPS,
        )

    def remove(self, name: str) -> int:
        """See `Sandbox.remove_from_disk`."""
        folder, slash, file = name.partition("/")
        if folder != "dumps" or not slash or not re.fullmatch(r"[^/\0]+", file) or file in (".", ".."):
            raise BadInput(f"only files in dumps/ can be deleted, not {name!r}")
        kind = self._run("sh", "-c", 'stat -c %F -- "$1" 2>/dev/null || echo gone', "sh", f"{DUMPS}/{file}").strip()
        if kind == "gone":
            return 0
        if kind == "directory":
            dumped = [each for each in self.usage().entries if each.startswith("dumps/")]
            raise BadInput(f"{name} is a folder; {suggest(name, dumped)}")
        size = int(self._run("du", "-B1", "--", f"{DUMPS}/{file}").split()[0])
        self._run("rm", "-f", "--", f"{DUMPS}/{file}")
        return size

    @contextlib.contextmanager
    def room_to_recover(self) -> Iterator[None]:
        """More room meanwhile, if it is full: PostgreSQL cannot start without any, whatever filled the disk."""
        try:
            full = self.usage().free < _ENOUGH_BYTES
        except EnvironmentFailed:  # The disk is gone with its container, and comes back empty.
            full = False
        if full:
            self._run("rm", "-f", f"{DATA_PATH}/reserve")
        try:
            yield
        finally:
            if full:
                self._run("fallocate", "-l", str(RESERVE_BYTES), f"{DATA_PATH}/reserve")

    def _run(self, *command: str) -> str:
        holder = next((each for each in self._control.of(DISK) if each.running is Running.UP), None)
        if holder is None:
            raise EnvironmentFailed(f"the container {DISK} does not run; `drills sandbox up` starts it")
        return self._control.containers.run_in(holder, command)
