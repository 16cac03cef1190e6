"""What the faults of whole services share: the undo is that the service runs again."""

from __future__ import annotations

from typing import ClassVar

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.sandbox.protocol import Capability, Running, Sandbox, Service


class ServiceFault(Fault):
    """Takes one service out of `Running.UP`."""

    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES})
    #: What the service is while the fault is in place.
    leaves: ClassVar[Running] = Running.DOWN

    service: Service

    def check(self, sandbox: Sandbox) -> None:
        running = _running(sandbox, self.service)
        if running is not Running.UP:
            raise FaultImpossible(f"{self.service} is {running} already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - the settings say it all
        return {"service": self.service.value}

    def verify(self, sandbox: Sandbox) -> str:
        running = _running(sandbox, self.service)
        if running is not self.leaves:
            raise FaultImpossible(f"{self.service} is {running}, it ought to be {self.leaves}")
        return f"{self.service} is {running}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        service = str(plan["service"])
        if _running(sandbox, service) is Running.PAUSED:
            sandbox.resume(service)
        # Also when it counts as up: a stop that was cut short may have ended a part of its processes.
        sandbox.start(service)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        running = _running(sandbox, str(plan["service"]))
        if running is not Running.UP:
            raise EnvironmentFailed(f"{plan['service']} is still {running}")


def _running(sandbox: Sandbox, service: str) -> Running:
    for status in sandbox.services():
        if status.name == service:
            return status.running
    return Running.DOWN
