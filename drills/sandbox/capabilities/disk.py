"""A bounded disk under a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """The bounded disk under the database.

    `entries` are the sizes in bytes of what lies on it: `pg_wal`, `base` and the other parts of the data folder, and
    each file of the folder of dumps as `dumps/NAME`. `dumps` is that folder's path as the database server sees it:
    what the server writes there (COPY … TO) lies on this disk.
    """

    total: int
    used: int
    free: int
    entries: Mapping[str, int]
    dumps: str


class DatabaseDisk(Protocol):
    def usage(self) -> DiskUsage:
        """How full it is, also while the database is down."""
        ...

    def remove(self, name: str) -> int:
        """Delete `dumps/NAME`, also while the database is down; returns the bytes that came free, 0 if it is gone.

        Raises BadInput for anything that is not a file in dumps/.
        """
        ...


class Disk(DatabaseDisk, Protocol):
    """The same, and disks of other services that may be filled."""

    @property
    def service(self) -> str:
        """The database whose disk it is."""
        ...

    def folder(self, service: str) -> str:
        """A folder in that service's container on a disk with a bound, which may be filled with a file.

        Raises NotSupported, with the reason, when there is none.
        """
        ...
