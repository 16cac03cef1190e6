"""A session locks a table and never ends its transaction, like a hanging job."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from drills.background.job import LockJob
from drills.faults.fault import FaultImpossible
from drills.faults.names import ApplicationName, SqlName
from drills.faults.session_fault import SessionFault
from drills.sandbox.capabilities.database import Database, LockMode
from drills.sandbox.sandbox import Sandbox


class HoldLocks(SessionFault):
    """`{kind: hold-locks, service: db, table: orders}`

    The modes are PostgreSQL's; on MySQL the first is a WRITE lock, the others are READ locks.
    """

    kind: ClassVar[str] = "hold-locks"

    table: SqlName
    mode: LockMode = Field(
        LockMode.ACCESS_EXCLUSIVE,
        description="access-exclusive blocks reads and writes; exclusive and share-row-exclusive block only writes.",
    )
    application: ApplicationName = "nightly-report"

    def summary(self) -> str:
        return f"lock table {self.table} ({self.mode})"

    def check(self, sandbox: Sandbox) -> None:
        super().check(sandbox)
        if not self.database(sandbox).has_table(self.table):
            raise FaultImpossible(f"there is no table {self.table}")

    def job(self, database: Database) -> LockJob:
        return LockJob(
            database.url, self.application, database.written(self.table), database.sessions.lock_name(self.mode)
        )

    def verify(self, sandbox: Sandbox) -> str:
        holder = self.database(sandbox).sessions.lock_holder(self.application, self.table, self.mode)
        if holder is None:
            raise FaultImpossible(f"no session holds the lock on table {self.table}")
        return holder
