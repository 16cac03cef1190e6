"""Runs an endless report in the database, which takes the CPU time that the app's own statements need."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.background.job import QueryJob
from drills.errors import BadInput
from drills.faults.fault import FaultImpossible
from drills.faults.names import ApplicationName
from drills.faults.session_fault import SessionFault
from drills.sandbox.capabilities.database import Database
from drills.sandbox.sandbox import Sandbox


class RunLongQuery(SessionFault):
    """`{kind: run-long-query, service: db, sessions: 4}`; `statement` is run again and again, and must not write.

    Without `statement` it is one that needs no table and keeps a CPU busy. Remedy: end or cancel one of the sessions,
    which ends them all.
    """

    kind: ClassVar[str] = "run-long-query"

    statement: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^;]+$")] | None = Field(
        None, description="It may only read; absent: one that keeps a CPU busy."
    )
    sessions: Annotated[int, Field(ge=1, le=32)] = 2
    application: ApplicationName = "monthly-report"

    def summary(self) -> str:
        return f"run a long query in {self.sessions} sessions"

    def check(self, sandbox: Sandbox) -> None:
        super().check(sandbox)
        if self.statement is None:
            return
        try:
            self.database(sandbox).sql(f"EXPLAIN {self.statement}")
        except BadInput as refused:
            raise FaultImpossible(str(refused)) from refused

    def job(self, database: Database) -> QueryJob:
        return QueryJob(database.url, self.application, self.statement or database.busy_statement(), self.sessions)

    def verify(self, sandbox: Sandbox) -> str:
        from drills.processes.leftovers import until

        sessions = self.database(sandbox).sessions
        # A session is briefly idle between two runs of a short statement, and before the first.
        if not until(lambda: sessions.running(self.application) > 0, seconds=5):
            raise FaultImpossible(f"no session of {self.application} runs its statement")
        return f"{self.application} runs its statement in {self.sessions} sessions"
