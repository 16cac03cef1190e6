"""Faults that consist of database sessions, which a detached program keeps open.

    apply ──► program (`drills.background.sessions`) ──► sessions, named by their application_name
    undo  ──► end the marked programs, then the sessions of that name

The program outlives the runner (so the fault does not vanish while a drill is looked at from elsewhere); both the
mark and the name are in the undo plan, so that any later process finds both. It ends when its sessions are ended:
terminating them is a remedy.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from pydantic import PrivateAttr

from drills.background.job import Job
from drills.errors import EnvironmentFailed
from drills.faults.detached import launch
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import ApplicationName
from drills.processes.mark import new_mark
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.shop.names import Service

_ASK_TIMEOUT = 10.0


class SessionFault(Fault):
    """Keeps sessions open under an application name of its own."""

    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SQL})

    application: ApplicationName
    _mark: str = PrivateAttr(default_factory=new_mark)

    @abstractmethod
    def job(self, database: str) -> Job:
        """What the program does with the database of that URL."""

    def check(self, sandbox: Sandbox) -> None:
        if "database" not in sandbox.addresses:
            raise FaultImpossible("the sandbox has no database")
        if _sessions(sandbox, self.application):
            raise FaultImpossible(f"there are sessions of {self.application} already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - nothing of the sandbox's is changed
        return {"application": self.application, "mark": self._mark}

    def apply(self, sandbox: Sandbox) -> None:
        launch(self.job(sandbox.addresses["database"]), self._mark, what=self.summary())

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        from drills.processes.leftovers import end_marked

        end_marked(str(plan["mark"]))
        if _database_runs(sandbox):
            sandbox.database.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE application_name = '{plan['application']}' AND pid <> pg_backend_pid()",
                timeout=_ASK_TIMEOUT,
            )

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        from drills.processes.leftovers import marked, until

        if marked(str(plan["mark"])):
            raise EnvironmentFailed(f"the program that holds sessions of {plan['application']} still runs")
        # A backend that was told to end does so within moments.
        application = str(plan["application"])
        if _database_runs(sandbox) and not until(lambda: not _sessions(sandbox, application), seconds=10):
            raise EnvironmentFailed(f"there are still sessions of {application}")


def _sessions(sandbox: Sandbox, application: str) -> int:
    _, rows = sandbox.database.sql(
        f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{application}'", timeout=_ASK_TIMEOUT
    )
    return int(rows[0][0])


def _database_runs(sandbox: Sandbox) -> bool:
    """A database that is down has no sessions to end."""
    return any(s.name == Service.DATABASE and s.running is not Running.DOWN for s in sandbox.services.list())
