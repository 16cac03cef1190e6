"""The certificate at the edge expires because nobody renewed it; clients that verify it refuse to connect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

#: How long ago it expired: long enough to allow for clock skew, short enough to look recent.
_AGO = timedelta(minutes=10)


class ExpireCertificate(Fault):
    """`{kind: expire-certificate}`"""

    kind: ClassVar[str] = "expire-certificate"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.CERTIFICATE})

    def summary(self) -> str:
        return "let the certificate expire"

    def check(self, sandbox: Sandbox) -> None:
        if _expired(sandbox):
            raise FaultImpossible("the certificate has expired already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - any valid certificate will do
        return {}

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.certificate.renew(-_AGO)

    def verify(self, sandbox: Sandbox) -> str:
        if not _expired(sandbox):
            raise FaultImpossible("the certificate is still valid")
        present = sandbox.certificate.read()
        return f"the certificate of {present.subject} expired at {present.not_after:%Y-%m-%d %H:%M} UTC"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:  # noqa: ARG003 - the former one is not needed
        # Not only when the installed one has expired: the edge may still serve it after an interrupted renewal.
        sandbox.certificate.renew()

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:  # noqa: ARG003
        if _expired(sandbox):
            raise EnvironmentFailed("the certificate has expired")


def _expired(sandbox: Sandbox) -> bool:
    return sandbox.certificate.read().not_after <= datetime.now(UTC)
