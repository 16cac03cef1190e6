"""A session locks a table and never ends its transaction, as a job that hangs does."""

from __future__ import annotations

from typing import ClassVar, Literal

from drills.background.job import LockJob
from drills.faults.fault import FaultImpossible
from drills.faults.names import ApplicationName, SqlName
from drills.faults.session_fault import SessionFault
from drills.sandbox.sandbox import Sandbox

#: PostgreSQL's names of the lock modes, in LOCK TABLE and in pg_locks.
_MODES = {
    "access-exclusive": ("ACCESS EXCLUSIVE", "AccessExclusiveLock"),
    "exclusive": ("EXCLUSIVE", "ExclusiveLock"),
    "share-row-exclusive": ("SHARE ROW EXCLUSIVE", "ShareRowExclusiveLock"),
}


class HoldLocks(SessionFault):
    """`{kind: hold-locks, table: orders}`; the mode access-exclusive stops reads too, the others only writes."""

    kind: ClassVar[str] = "hold-locks"

    table: SqlName
    mode: Literal["access-exclusive", "exclusive", "share-row-exclusive"] = "access-exclusive"
    application: ApplicationName = "nightly-report"

    def summary(self) -> str:
        return f"lock table {self.table} ({self.mode})"

    def check(self, sandbox: Sandbox) -> None:
        super().check(sandbox)
        _, rows = sandbox.database.sql(f"SELECT to_regclass('{self.table}') IS NOT NULL")
        if not rows[0][0]:
            raise FaultImpossible(f"there is no table {self.table}")

    def job(self, database: str) -> LockJob:
        return LockJob(database, self.application, self.table, _MODES[self.mode][0])

    def verify(self, sandbox: Sandbox) -> str:
        _, rows = sandbox.database.sql(
            "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)"
            f" WHERE application_name = '{self.application}' AND granted"
            f" AND relation = to_regclass('{self.table}') AND mode = '{_MODES[self.mode][1]}'"
        )
        if not rows:
            raise FaultImpossible(f"no session holds the lock on table {self.table}")
        return f"session {rows[0][0]} holds {_MODES[self.mode][1]} on {self.table}"
