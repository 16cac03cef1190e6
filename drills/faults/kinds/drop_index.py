"""An index of the database is dropped; the undo makes it again from its own definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import SqlName
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

#: Making an index again on the sandbox's tables takes seconds; this is when something else is wrong.
_CREATE_TIMEOUT = 120.0
#: Asking the catalogue takes milliseconds; a database that is frozen is found out soon.
_ASK_TIMEOUT = 10.0


class DropIndex(Fault):
    """`{kind: drop-index, index: orders_customer_idx}`"""

    kind: ClassVar[str] = "drop-index"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SQL})

    index: SqlName

    def summary(self) -> str:
        return f"drop index {self.index}"

    def check(self, sandbox: Sandbox) -> None:
        found = _find(sandbox, self.index)
        if found is None:
            raise FaultImpossible(f"there is no index {self.index}")
        if found.of_constraint:
            raise FaultImpossible(f"index {self.index} holds a constraint and cannot be dropped alone")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        found = _find(sandbox, self.index)
        if found is None:
            raise FaultImpossible(f"there is no index {self.index}")
        return {"index": self.index, "definition": found.definition}

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.database.sql(f"DROP INDEX IF EXISTS {self.index}")

    def verify(self, sandbox: Sandbox) -> str:
        if _find(sandbox, self.index) is not None:
            raise FaultImpossible(f"index {self.index} is still there")
        return f"index {self.index} is gone"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if _is_back(sandbox, plan):
            return
        # One of the same name but another form, or one that a broken CREATE … CONCURRENTLY left invalid.
        sandbox.database.sql(f"DROP INDEX IF EXISTS {plan['index']}", timeout=_CREATE_TIMEOUT)
        sandbox.database.sql(str(plan["definition"]), timeout=_CREATE_TIMEOUT)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if not _is_back(sandbox, plan):
            raise EnvironmentFailed(f"index {plan['index']} is not as it was")


@dataclass(frozen=True, slots=True)
class _Index:
    definition: str
    valid: bool
    of_constraint: bool


def _find(sandbox: Sandbox, name: str) -> _Index | None:
    _, rows = sandbox.database.sql(
        "SELECT pg_get_indexdef(indexrelid), indisvalid,"
        " EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"
        f" FROM pg_index WHERE indexrelid = to_regclass('{name}')",
        timeout=_ASK_TIMEOUT,
    )
    return _Index(str(rows[0][0]), bool(rows[0][1]), bool(rows[0][2])) if rows else None


def _is_back(sandbox: Sandbox, plan: UndoPlan) -> bool:
    found = _find(sandbox, str(plan["index"]))
    return found is not None and found.valid and found.definition == plan["definition"]
