"""Gives a service too many or too few replicas, as after a wrong number in a deployment."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import WholeServiceName
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import ServiceStatus
from drills.sandbox.sandbox import Sandbox


class ScaleService(Fault):
    """`{kind: scale-service, service: web, replicas: 1}`"""

    kind: ClassVar[str] = "scale-service"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES, Capability.SCALE})
    trial = {"replicas": 1}

    service: WholeServiceName
    replicas: Annotated[int, Field(ge=0, le=16, description="0 removes all of them.")]

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return ((self.service, "scale"),)

    def summary(self) -> str:
        return f"scale {self.service} to {self.replicas} replica{'' if self.replicas == 1 else 's'}"

    def check(self, sandbox: Sandbox) -> None:
        status = _status(sandbox, self.service)
        if status.detail:
            raise FaultImpossible(f"{self.service}: {status.detail}; start all of its replicas first")
        if status.replicas == self.replicas:
            raise FaultImpossible(f"{self.service} has {self.replicas} replicas already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {"service": self.service, "replicas": _status(sandbox, self.service).replicas}

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.replicas.scale(self.replicas, self.service)

    def verify(self, sandbox: Sandbox) -> str:
        present = _status(sandbox, self.service).replicas
        if present != self.replicas:
            raise FaultImpossible(f"{self.service} has {present} replicas, not {self.replicas}")
        return f"{self.service} has {present} replica{'' if present == 1 else 's'}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        sandbox.replicas.scale(_wanted(plan), str(plan["service"]))
        if _wanted(plan):
            sandbox.services.start(str(plan["service"]))

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        present = _status(sandbox, str(plan["service"])).replicas
        if present != _wanted(plan):
            raise EnvironmentFailed(f"{plan['service']} has {present} replicas, not {plan['replicas']}")


def _wanted(plan: UndoPlan) -> int:
    replicas = plan["replicas"]
    assert isinstance(replicas, int)
    return replicas


def _status(sandbox: Sandbox, service: str) -> ServiceStatus:
    for status in sandbox.services.list():
        if status.name == service:
            return status
    raise EnvironmentFailed(f"there is no service {service}")
