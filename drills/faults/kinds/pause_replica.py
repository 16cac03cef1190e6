"""Freezes one replica of a service while the others go on: a share of the requests hangs."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.faults.fault import FaultImpossible, Owners
from drills.faults.names import ServiceName
from drills.faults.service_fault import ServiceFault
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox


class PauseReplica(ServiceFault):
    """`{kind: pause-replica, service: web/2}`, or `replica: 2`; 1 is the one that started first"""

    kind: ClassVar[str] = "pause-replica"
    act: ClassVar[str] = "pause"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES, Capability.REPLICAS})
    leaves: ClassVar[Running] = Running.PAUSED

    service: ServiceName | None = Field(
        None, description="A service, or one replica of it; absent: the one that has releases."
    )
    replica: Annotated[int, Field(ge=1, le=16)] = 1

    def target(self, system: Owners) -> str:
        """Raises FaultImpossible when no service is given and none has releases."""
        service = self.service or system.release_service
        if service is None:
            raise FaultImpossible("no service has releases; name the one that is meant as service:")
        return service if "/" in service else f"{service}/{self.replica}"

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return () if self.service is None else ((self.service, self.act),)

    def affected(self, system: Owners) -> tuple[tuple[str, str], ...]:
        service = self.service or system.release_service
        return () if service is None else ((service, self.act),)

    def summary(self) -> str:
        service, _, number = (self.service or "the app").partition("/")
        return f"pause replica {number or self.replica} of {service}"

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.services.pause(self.target(sandbox))
