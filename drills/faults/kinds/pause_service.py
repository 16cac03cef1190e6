"""Freezes a service: it keeps its connections open but does not answer."""

from __future__ import annotations

from typing import ClassVar

from drills.faults.service_fault import NamedServiceFault
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox


class PauseService(NamedServiceFault):
    """`{kind: pause-service, service: db}`, or one replica: `service: web/1`"""

    kind: ClassVar[str] = "pause-service"
    act: ClassVar[str] = "pause"
    leaves: ClassVar[Running] = Running.PAUSED

    def summary(self) -> str:
        return f"pause {self.service}"

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.services.pause(self.service)
