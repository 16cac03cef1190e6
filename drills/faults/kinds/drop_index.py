"""Drops an index of the database; the undo creates it again from its definition."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from drills.errors import EnvironmentFailed
from drills.faults.data_fault import DatabaseFault
from drills.faults.fault import FaultImpossible, UndoPlan
from drills.faults.names import SqlName
from drills.sandbox.capabilities.database import Database, Index
from drills.sandbox.sandbox import Sandbox


class DropIndex(DatabaseFault):
    """`{kind: drop-index, service: db, index: orders_customer_idx}`"""

    kind: ClassVar[str] = "drop-index"

    index: SqlName
    table: SqlName | None = Field(None, description="Its table, if several tables have an index of that name (MySQL).")

    def summary(self) -> str:
        return f"drop index {self.index}"

    def check(self, sandbox: Sandbox) -> None:
        if self._find(self.database(sandbox)).of_constraint:
            raise FaultImpossible(f"index {self.index} belongs to a constraint and cannot be dropped alone")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        database = self.database(sandbox)
        found = self._find(database)
        return {
            "service": str(database.service),
            "index": self.index,
            "table": found.table,
            "definition": found.definition,
        }

    def apply(self, sandbox: Sandbox) -> None:
        database = self.database(sandbox)
        database.indexes.drop(self._find(database))

    def verify(self, sandbox: Sandbox) -> str:
        if self.database(sandbox).indexes.find(self.index, self.table) is not None:
            raise FaultImpossible(f"index {self.index} is still there")
        return f"index {self.index} is gone"

    def _find(self, database: Database) -> Index:
        found = database.indexes.find(self.index, self.table)
        if found is None:
            raise FaultImpossible(f"there is no index {self.index}")
        return found

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        indexes = cls.database_of(sandbox, plan).indexes
        wanted = _wanted(plan)
        if indexes.find(wanted.name, wanted.table or None) == wanted:
            return
        # One of the same name but another form, or one that a broken CREATE … CONCURRENTLY left invalid.
        indexes.drop(wanted)
        indexes.create(wanted)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        wanted = _wanted(plan)
        if cls.database_of(sandbox, plan).indexes.find(wanted.name, wanted.table or None) != wanted:
            raise EnvironmentFailed(f"index {plan['index']} is not as it was")


def _wanted(plan: UndoPlan) -> Index:
    """The index as `check` found it."""
    return Index(str(plan["index"]), str(plan.get("table", "")), str(plan["definition"]))
