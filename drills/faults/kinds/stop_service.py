"""Stops a service cleanly, as an operator would."""

from __future__ import annotations

from typing import ClassVar

from drills.faults.service_fault import NamedServiceFault
from drills.sandbox.sandbox import Sandbox


class StopService(NamedServiceFault):
    """`{kind: stop-service, service: db}`, or one replica: `service: web/1`"""

    kind: ClassVar[str] = "stop-service"
    act: ClassVar[str] = "stop"

    def summary(self) -> str:
        return f"stop {self.service}"

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.services.stop(self.service)
