"""Faults that consist of database sessions, kept open by a detached program.

    apply ──► program (`drills.background.sessions`) ──► sessions with an application name
    undo  ──► end the marked programs, then the sessions with that name

The program outlives the runner, so that the fault lasts as long as the drill does. The undo plan holds the mark and
the name, so that any later process finds both. The program ends when its sessions are terminated: that is a remedy.
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

#: Seconds within which sessions and programs end when they are asked to.
_END_SECONDS = 10.0


class SessionFault(DatabaseFault):
    """Keeps sessions open under an application name of its own."""

    application: ApplicationName = Field(description="The application name of its sessions.")
    _mark: str = PrivateAttr(default_factory=new_mark)

    @abstractmethod
    def job(self, database: Database) -> Job:
        """The job of the detached program."""

    def check(self, sandbox: Sandbox) -> None:
        if self.database(sandbox).sessions.ids(self.application):
            raise FaultImpossible(f"{self.application} has sessions already")

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
            """Whether the server accepted a connection; it may be full right after the program has ended."""
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
    """A database that is down has no sessions to end. Plans of version 0.1 mean the service `database`."""
    service = plan.get("service", "database")
    return any(each.name == service and each.running is not Running.DOWN for each in sandbox.services.list())
