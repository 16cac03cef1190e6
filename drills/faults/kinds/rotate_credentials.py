"""A role's password was rotated, and whoever uses the role was not told; its sessions are ended too."""

from __future__ import annotations

import secrets
from typing import ClassVar

from pydantic import PrivateAttr

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import RoleName, literal
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

_ASK_TIMEOUT = 10.0


class RotateCredentials(Fault):
    """`{kind: rotate-credentials, role: shop}`; the new password is random and nobody knows it.

    What is kept for the undo is the former password's hash, as the database keeps it, never a password.
    """

    kind: ClassVar[str] = "rotate-credentials"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SQL})

    role: RoleName = "shop"
    #: The hash before, for comparison.
    _former: str = PrivateAttr("")

    def summary(self) -> str:
        return f"rotate the password of role {self.role}"

    def check(self, sandbox: Sandbox) -> None:
        _, rows = sandbox.database.sql(
            f"SELECT rolsuper, rolpassword IS NULL FROM pg_authid WHERE rolname = '{self.role}'", timeout=_ASK_TIMEOUT
        )
        if not rows:
            raise FaultImpossible(f"there is no role {self.role}")
        superuser, without = rows[0]
        if superuser:
            raise FaultImpossible(f"{self.role} is a superuser: it is needed to mend the database")
        if without:
            raise FaultImpossible(f"{self.role} has no password that could be rotated")
        if self._former and _hash(sandbox, self.role) != self._former:
            raise FaultImpossible(f"the password of role {self.role} is rotated already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        self._former = _hash(sandbox, self.role)
        return {"role": self.role, "hash": self._former}

    def apply(self, sandbox: Sandbox) -> None:
        password = secrets.token_urlsafe(24)
        sandbox.database.sql(f"ALTER ROLE {self.role} PASSWORD {literal(password)}", timeout=_ASK_TIMEOUT)
        sandbox.database.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{self.role}'",
            timeout=_ASK_TIMEOUT,
        )

    def verify(self, sandbox: Sandbox) -> str:
        if _hash(sandbox, self.role) == self._former:
            raise FaultImpossible(f"role {self.role} has the password that it had")
        return f"role {self.role} has another password"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        role = str(plan["role"])
        if _hash(sandbox, role) == plan["hash"]:
            return
        sandbox.database.sql(f"ALTER ROLE {role} PASSWORD {literal(str(plan['hash']))}", timeout=_ASK_TIMEOUT)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if _hash(sandbox, str(plan["role"])) != plan["hash"]:
            raise EnvironmentFailed(f"role {plan['role']} does not have its former password")


def _hash(sandbox: Sandbox, role: str) -> str:
    """The password as the database keeps it: salted and hashed."""
    _, rows = sandbox.database.sql(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'", timeout=_ASK_TIMEOUT)
    if not rows or rows[0][0] is None:
        raise EnvironmentFailed(f"there is no role {role} with a password")
    return str(rows[0][0])
