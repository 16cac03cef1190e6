"""Restarts a service while it works: it loses its memory contents and all its connections."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from drills.errors import NotReady
from drills.faults.service_fault import NamedServiceFault
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox


class RestartService(NamedServiceFault):
    """`{kind: restart-service, service: db}`, or one replica: `service: web/1`"""

    kind: ClassVar[str] = "restart-service"
    act: ClassVar[str] = "restart"
    leaves: ClassVar[Running] = Running.UP

    def summary(self) -> str:
        return f"restart {self.service}"

    def apply(self, sandbox: Sandbox) -> None:
        with suppress(NotReady):
            sandbox.services.restart(self.service)
