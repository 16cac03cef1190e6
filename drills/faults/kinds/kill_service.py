"""Kills a service at once, as in a crash."""

from __future__ import annotations

from typing import ClassVar

from drills.faults.service_fault import NamedServiceFault
from drills.sandbox.sandbox import Sandbox


class KillService(NamedServiceFault):
    """`{kind: kill-service, service: db}`, or one replica: `service: web/1`"""

    kind: ClassVar[str] = "kill-service"
    act: ClassVar[str] = "kill"

    def summary(self) -> str:
        return f"kill {self.service}"

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.services.kill(self.service)
