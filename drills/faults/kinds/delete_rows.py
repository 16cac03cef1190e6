"""A faulty job deletes rows of a table; they are saved outside the database first, and the undo inserts them again."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, PrivateAttr

from drills.errors import EnvironmentFailed
from drills.faults.data_fault import DatabaseFault
from drills.faults.fault import FaultImpossible, UndoPlan
from drills.faults.names import SqlName
from drills.sandbox.sandbox import Sandbox

#: Rows are kept in the journal until they are restored: one or two megabytes, compressed.
MOST_ROWS = 50_000


class DeleteRows(DatabaseFault):
    """`{kind: delete-rows, service: db, table: orders, where: "customer_id <= 100"}`; `where` is a condition of SQL.

    The table must have a primary key, and no other table may follow its deletions (ON DELETE CASCADE, SET NULL).
    The undo does not change rows that exist again, or that were written since.
    """

    kind: ClassVar[str] = "delete-rows"

    table: SqlName
    where: Annotated[
        str,
        Field(
            min_length=1,
            max_length=500,
            pattern=r"^[^;]+$",
            description="A condition of SQL; at most 50,000 rows, of a table with a primary key.",
        ),
    ]
    _saved: UndoPlan | None = PrivateAttr(None)

    def summary(self) -> str:
        return f"delete rows of {self.table} where {self.where}"

    def check(self, sandbox: Sandbox) -> None:
        database = self.database(sandbox)
        if not database.has_table(self.table):
            raise FaultImpossible(f"there is no table {self.table}")
        if (why := database.rows.refusal(self.table)) is not None:
            raise FaultImpossible(why)
        count = database.rows.count(self.table, self.where)
        if not count:
            raise FaultImpossible(f"table {self.table} has no rows where {self.where}")
        if count > MOST_ROWS:
            raise FaultImpossible(f"{count} rows of {self.table} are too many to save; at most {MOST_ROWS}")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        database = self.database(sandbox)
        self._saved = dict(database.rows.save(self.table, self.where))
        return {"service": str(database.service), **self._saved}

    def apply(self, sandbox: Sandbox) -> None:
        if self._saved is None:
            raise FaultImpossible("the rows were not saved first")
        self.database(sandbox).rows.delete(self._saved)

    def verify(self, sandbox: Sandbox) -> str:
        gone = self.database(sandbox).rows.missing(self._saved) if self._saved is not None else 0
        if not gone:
            raise FaultImpossible(f"no row of {self.table} is gone")
        return f"{gone} rows of {self.table} are gone"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        cls.database_of(sandbox, plan).rows.insert_missing(plan)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if left := cls.database_of(sandbox, plan).rows.missing(plan):
            raise EnvironmentFailed(f"{left} rows of {plan['table']} are still gone")
