"""Runs a database migration for a release that is not deployed yet: the current release cannot work with it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

#: The version before the first migration.
_NONE = "0000"


class RunMigration(Fault):
    """`{kind: run-migration, migration: "0005"}`; earlier ones that have not run are run too."""

    kind: ClassVar[str] = "run-migration"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.MIGRATIONS})

    migration: Annotated[str, Field(pattern=r"^[0-9]{4}$", description="Its version, in quotes.")]

    def summary(self) -> str:
        return f"run migration {self.migration}"

    def check(self, sandbox: Sandbox) -> None:
        known = [each.version for each in sandbox.migrations.list()]
        if self.migration not in known:
            raise FaultImpossible(f"there is no migration {self.migration}; known: {', '.join(known)}")
        if _latest(sandbox) >= self.migration:
            raise FaultImpossible(f"migration {self.migration} has run already, or a later one has")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {"to": _latest(sandbox)}

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.migrations.migrate(self.migration)

    def verify(self, sandbox: Sandbox) -> str:
        latest = _latest(sandbox)
        if latest != self.migration:
            raise FaultImpossible(f"the database is at migration {latest}, not {self.migration}")
        return f"the database is at migration {latest}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if _latest(sandbox) != plan["to"]:
            sandbox.migrations.migrate(str(plan["to"]))

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        latest = _latest(sandbox)
        if latest != plan["to"]:
            raise EnvironmentFailed(f"the database is at migration {latest}, not {plan['to']}")


def _latest(sandbox: Sandbox) -> str:
    """The last migration that has run; they run in order, so the last one implies the others."""
    return max((each.version for each in sandbox.migrations.list() if each.applied_at is not None), default=_NONE)
