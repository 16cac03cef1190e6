"""Faults that consist of database sessions, which a detached program keeps open.

    apply ──► program (`drills.background.sessions`) ──► sessions, which bear the name of an application
    undo  ──► end the marked programs, then the sessions of that name

The program outlives the runner (so the fault does not vanish while a drill is checked from elsewhere); both the
mark and the name are in the undo plan, so that any later process finds both. It ends when its sessions are ended:
terminating them is a remedy.
"""

from __future__ import annotations

from abc import abstractmethod

from pydantic import Field, PrivateAttr

from drills.background.job import Job
from drills.errors import EnvironmentFailed
from drills.faults.data_fault import DatabaseFault
from drills.faults.detached import launch
from drills.faults.fault import FaultImpossible, UndoPlan
from drills.faults.names import ApplicationName
from drills.processes.mark import new_mark
from drills.sandbox.capabilities.database import Database, TooManyConnections
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox

#: What was told to end does so within moments.
_END_SECONDS = 10.0


class SessionFault(DatabaseFault):
    """Keeps sessions open under an application name of its own."""

    application: ApplicationName = Field(description="What its sessions call themselves.")
    _mark: str = PrivateAttr(default_factory=new_mark)

    @abstractmethod
    def job(self, database: Database) -> Job:
        """What the program does."""

    def check(self, sandbox: Sandbox) -> None:
        if self.database(sandbox).sessions.ids(self.application):
            raise FaultImpossible(f"there are sessions of {self.application} already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        service = self.database(sandbox).service
        return {"service": str(service), "application": self.application, "mark": self._mark}

    def apply(self, sandbox: Sandbox) -> None:
        launch(self.job(self.database(sandbox)), self._mark, what=self.summary())

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        from drills.processes.leftovers import end_marked, until

        end_marked(str(plan["mark"]))

        def end() -> bool:
            """Whether the server took us; right after the program has ended it may still be full."""
            try:
                cls.database_of(sandbox, plan).sessions.end(str(plan["application"]))
            except TooManyConnections:
                return False
            return True

        if _runs(sandbox, plan) and not until(end, seconds=_END_SECONDS):
            end()

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        from drills.processes.leftovers import marked, until

        if marked(str(plan["mark"])):
            raise EnvironmentFailed(f"the program that holds sessions of {plan['application']} still runs")
        application = str(plan["application"])

        def gone() -> bool:
            try:
                return not cls.database_of(sandbox, plan).sessions.ids(application)
            except TooManyConnections:
                return False

        if _runs(sandbox, plan) and not until(gone, seconds=_END_SECONDS):
            raise EnvironmentFailed(f"there are still sessions of {application}")


def _runs(sandbox: Sandbox, plan: UndoPlan) -> bool:
    """A database that is down has no sessions to end. Plans of version 0.1 are about the service `database`."""
    service = plan.get("service", "database")
    return any(each.name == service and each.running is not Running.DOWN for each in sandbox.services.list())
