"""Rotates a role's password without updating the services that use it, and ends the role's sessions."""

from __future__ import annotations

import secrets
from typing import ClassVar

from pydantic import PrivateAttr

from drills.errors import EnvironmentFailed
from drills.faults.data_fault import DatabaseFault
from drills.faults.fault import FaultImpossible, UndoPlan
from drills.faults.names import RoleName
from drills.sandbox.sandbox import Sandbox


class RotateCredentials(DatabaseFault):
    """`{kind: rotate-credentials, service: db, role: app}`; the new password is random and is not kept.

    The undo plan holds the former password's hash as the database stores it, never a password.
    """

    kind: ClassVar[str] = "rotate-credentials"

    role: RoleName
    #: The former hash, for comparison.
    _former: str = PrivateAttr("")

    def summary(self) -> str:
        return f"rotate the password of role {self.role}"

    def check(self, sandbox: Sandbox) -> None:
        database = self.database(sandbox)
        if (why := database.roles.refusal(self.role)) is not None:
            raise FaultImpossible(why)
        if database.user == self.role:
            raise FaultImpossible(
                f"drills itself logs in as {self.role}, and could not undo it; give another user in drills.yaml"
            )
        if self._former and database.roles.credential(self.role) != self._former:
            raise FaultImpossible(f"the password of role {self.role} is rotated already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        database = self.database(sandbox)
        self._former = database.roles.credential(self.role)
        return {"service": str(database.service), "role": self.role, "hash": self._former}

    def apply(self, sandbox: Sandbox) -> None:
        roles = self.database(sandbox).roles
        roles.set_password(self.role, secrets.token_urlsafe(24))
        roles.end_sessions(self.role)

    def verify(self, sandbox: Sandbox) -> str:
        if self._former in ("", self.database(sandbox).roles.credential(self.role)):
            raise FaultImpossible(f"role {self.role} still has its former password")
        return f"role {self.role} has another password"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        roles, role = cls.database_of(sandbox, plan).roles, str(plan["role"])
        if roles.credential(role) != plan["hash"]:
            roles.set_credential(role, str(plan["hash"]))

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if cls.database_of(sandbox, plan).roles.credential(str(plan["role"])) != plan["hash"]:
            raise EnvironmentFailed(f"role {plan['role']} does not have its former password")
