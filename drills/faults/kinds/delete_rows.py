"""A faulty job deletes rows of a table; they are saved before, outside the database, and inserted again by the undo."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, PrivateAttr

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import SqlName
from drills.faults.saved_rows import SavedRows, primary_key, save
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

#: Rows are kept in the journal until they are back: a megabyte or two, compressed.
MOST_ROWS = 50_000
_ASK_TIMEOUT = 30.0

#: Foreign keys by which deleting rows would change other tables too, which nothing here would bring back.
_SPREADING = """
SELECT conrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND confrelid = to_regclass('{table}') AND confdeltype IN ('c', 'n', 'd') ORDER BY 1
"""


class DeleteRows(Fault):
    """`{kind: delete-rows, table: orders, where: "customer_id <= 100"}`; `where` is a condition of SQL.

    The table must have a primary key, and no other table may follow its deletions (ON DELETE CASCADE, SET NULL).
    Rows that are there again, or were written since, are left as they are by the undo.
    """

    kind: ClassVar[str] = "delete-rows"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SQL})

    table: SqlName
    where: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^;]+$")]
    _saved: SavedRows | None = PrivateAttr(None)

    def summary(self) -> str:
        return f"delete rows of {self.table} where {self.where}"

    def check(self, sandbox: Sandbox) -> None:
        _, found = sandbox.database.sql(f"SELECT to_regclass('{self.table}') IS NOT NULL", timeout=_ASK_TIMEOUT)
        if not found[0][0]:
            raise FaultImpossible(f"there is no table {self.table}")
        if not primary_key(sandbox, self.table):
            raise FaultImpossible(f"table {self.table} has no primary key: its rows could not be told apart again")
        _, followers = sandbox.database.sql(_SPREADING.format(table=self.table), timeout=_ASK_TIMEOUT)
        if followers:
            raise FaultImpossible(f"table {followers[0][0]} changes with the deletion of rows of {self.table}")
        _, counted = sandbox.database.sql(
            f"SELECT count(*) FROM {self.table} WHERE ({self.where})", timeout=_ASK_TIMEOUT
        )
        count = int(counted[0][0])
        if not count:
            raise FaultImpossible(f"table {self.table} has no rows where {self.where}")
        if count > MOST_ROWS:
            raise FaultImpossible(f"{count} rows of {self.table} are too many to be kept; at most {MOST_ROWS}")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        self._saved = save(sandbox, self.table, self.where)
        return self._saved.plan()

    def apply(self, sandbox: Sandbox) -> None:
        if self._saved is None:
            raise FaultImpossible("the rows were not saved before")
        self._saved.delete(sandbox)

    def verify(self, sandbox: Sandbox) -> str:
        gone = self._saved.missing(sandbox) if self._saved is not None else 0
        if not gone:
            raise FaultImpossible(f"no row of {self.table} is gone")
        return f"{gone} rows of {self.table} are gone"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        SavedRows.of_plan(plan).insert_missing(sandbox)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if left := SavedRows.of_plan(plan).missing(sandbox):
            raise EnvironmentFailed(f"{left} rows of {plan['table']} are still gone")
