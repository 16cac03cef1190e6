"""The database's disk fills up: a forgotten dump, and WAL that is kept for a replica that no longer exists.

    unread replication slot ──► dump takes a part of the free space ──► a job writes WAL until no more fits

PostgreSQL then stops, because it cannot write. The undo removes the dump first, which works while the database is
down; the freed space is enough to start it, and only then can the slot be dropped.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Annotated, ClassVar

from pydantic import Field, PrivateAttr

from drills.errors import BadInput, EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.folder_disk import FolderDisk
from drills.faults.names import ServiceName
from drills.sandbox.adapters.postgres.literals import literal
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.disk import DiskUsage
from drills.sandbox.sandbox import Sandbox

#: The share of the free space that the dump takes; the rest is filled with WAL.
_DUMP_SHARE = 0.5
#: With less free space than this, the disk counts as full already.
_LEAST_FREE = 64 * 2**20
#: PostgreSQL's usual size of a WAL segment; servers may have smaller ones.
_LARGEST_SEGMENT = 16 * 2**20
_LINE_BYTES = 1024
_MESSAGE_BYTES = 2**20
_MESSAGES = 8
_ASK_TIMEOUT = 10.0
_DUMP_TIMEOUT = 120.0
_WAL_SECONDS = 120.0
_START_SECONDS = 30.0
#: The share of the formerly free space that must be free after the undo; the rest may be WAL kept for reuse.
_FREE_AGAIN = 0.5


class FillDisk(Fault):
    """`{kind: fill-disk}`, or of any service with a `disk` in drills.yaml: `{kind: fill-disk, service: web}`

    A responder will see the names of the dump and the slot.
    """

    kind: ClassVar[str] = "fill-disk"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.DISK})

    service: ServiceName | None = Field(None, description="A service, or one replica of it; absent: the database.")
    file: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
            description="The file that fills the service's disk of drills.yaml.",
        ),
    ] = "export.tmp"
    slot: Annotated[
        str, Field(pattern=r"^[a-z0-9_]{1,63}$", description="For the database: the unused replication slot.")
    ] = "old_replica"
    dump: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$", description="For the database: the name of the dump file.")
    ] = "orders-before-migration.sql"
    #: Bytes of one WAL segment of this server, once it is known.
    _segment: int = PrivateAttr(_LARGEST_SEGMENT)

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return () if self.service is None else ((self.service, "fill"),)

    def summary(self) -> str:
        return f"fill the disk of {self.service or 'the database'}"

    def refused(self, sandbox: Sandbox) -> str | None:
        return None if self.service is None else sandbox.commands.shell_lacking(self.service)

    def _folder(self, sandbox: Sandbox) -> FolderDisk | None:
        """What is filled if the target is a service's disk and not the database's."""
        if self.service is None:
            return None
        return FolderDisk(self.service, sandbox.disk.folder(self.service), self.file)

    def check(self, sandbox: Sandbox) -> None:
        if (folder := self._folder(sandbox)) is not None:
            folder.require_empty(sandbox)
            return
        usage = sandbox.disk.usage()
        if usage.free < _LEAST_FREE:
            raise FaultImpossible(f"only {usage.free // 2**20} MB are free on the disk of the database already")
        if _entry(self.dump) in usage.entries:
            raise FaultImpossible(f"the dump {self.dump} exists already")
        if _slots(sandbox, self.slot):
            raise FaultImpossible(f"the replication slot {self.slot} exists already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        if (folder := self._folder(sandbox)) is not None:
            return {"service": folder.service, "folder": folder.folder, "file": folder.file}
        return {"slot": self.slot, "dump": self.dump, "free": sandbox.disk.usage().free}

    def apply(self, sandbox: Sandbox) -> None:
        if (folder := self._folder(sandbox)) is not None:
            folder.fill(sandbox)
            return
        _, rows = sandbox.database.sql(
            "SELECT pg_size_bytes(current_setting('wal_segment_size'))", timeout=_ASK_TIMEOUT
        )
        self._segment = int(rows[0][0])
        sandbox.database.sql(f"SELECT pg_create_physical_replication_slot('{self.slot}', true)", timeout=_ASK_TIMEOUT)
        self._forget_dump(sandbox, sandbox.disk.usage())
        _write_wal(sandbox)

    def _forget_dump(self, sandbox: Sandbox, usage: DiskUsage) -> None:
        lines = int(usage.free * _DUMP_SHARE) // _LINE_BYTES
        line = f"rpad(n::text, {_LINE_BYTES - 1}, 'order ')"
        sandbox.database.sql(
            f"COPY (SELECT {line} FROM generate_series(1, {lines}) AS n) TO {literal(f'{usage.dumps}/{self.dump}')}",
            timeout=_DUMP_TIMEOUT,
        )

    def verify(self, sandbox: Sandbox) -> str:
        if (folder := self._folder(sandbox)) is not None:
            return folder.verify(sandbox)
        usage = sandbox.disk.usage()
        if usage.free >= self._segment:
            raise FaultImpossible(f"{usage.free // 2**20} MB are still free on the disk of the database")
        return f"{usage.free // 2**20} of {usage.total // 2**20} MB are free: no WAL segment fits"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if "folder" in plan:
            with suppress(EnvironmentFailed):  # On a full disk it may not even start.
                _folder_of(plan).empty(sandbox)
            sandbox.services.start(str(plan["service"]))
            _folder_of(plan).empty(sandbox)
            return
        sandbox.disk.remove(_entry(str(plan["dump"])))
        _start_database(sandbox)
        if not _slots(sandbox, str(plan["slot"])) and sandbox.disk.usage().free >= _wanted(plan):
            return
        # The job of a runner that died may still be running its last statement.
        sandbox.database.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND (query LIKE 'COPY (SELECT rpad%' OR query LIKE 'SELECT count(pg_logical_emit_message%')",
            timeout=_ASK_TIMEOUT,
        )
        sandbox.database.sql(
            f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{plan['slot']}'",
            timeout=_ASK_TIMEOUT,
        )
        sandbox.database.sql("CHECKPOINT", timeout=_DUMP_TIMEOUT)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if "folder" in plan:
            _folder_of(plan).verify_empty(sandbox)
            return
        if _slots(sandbox, str(plan["slot"])):
            raise EnvironmentFailed(f"the replication slot {plan['slot']} is still there")
        usage = sandbox.disk.usage()
        if _entry(str(plan["dump"])) in usage.entries:
            raise EnvironmentFailed(f"the dump {plan['dump']} is still there")
        if usage.free < _wanted(plan):
            raise EnvironmentFailed(f"only {usage.free // 2**20} MB are free on the disk of the database")


def _folder_of(plan: UndoPlan) -> FolderDisk:
    return FolderDisk(str(plan["service"]), str(plan["folder"]), str(plan["file"]))


def _write_wal(sandbox: Sandbox) -> None:
    """A job that writes until the disk is full, which stops the server."""
    deadline = time.monotonic() + _WAL_SECONDS
    message = f"pg_logical_emit_message(false, 'nightly-job', repeat('nightly ', {_MESSAGE_BYTES // 8}))"
    while time.monotonic() < deadline:
        try:
            sandbox.database.sql(f"SELECT count({message}) FROM generate_series(1, {_MESSAGES})", timeout=_ASK_TIMEOUT)
        except (EnvironmentFailed, BadInput):
            return
    raise EnvironmentFailed(f"the disk of the database was not full after {_WAL_SECONDS:.0f} s")


def _start_database(sandbox: Sandbox) -> None:
    """Wait until it answers: it may be down, or still ending. Raises EnvironmentFailed with its own reason."""
    from drills.processes.leftovers import until

    def answers() -> bool:
        try:
            sandbox.services.start(sandbox.disk.service)
            sandbox.database.sql("SELECT 1", timeout=_ASK_TIMEOUT)
        except EnvironmentFailed:
            return False
        return True

    if not until(answers, seconds=_START_SECONDS):
        sandbox.database.sql("SELECT 1", timeout=_ASK_TIMEOUT)


def _slots(sandbox: Sandbox, name: str) -> int:
    _, rows = sandbox.database.sql(
        f"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{name}'", timeout=_ASK_TIMEOUT
    )
    return int(rows[0][0])


def _entry(dump: str) -> str:
    return f"dumps/{dump}"


def _wanted(plan: UndoPlan) -> float:
    """Bytes that must be free after the undo."""
    free = plan["free"]
    assert isinstance(free, int)
    return free * _FREE_AGAIN
