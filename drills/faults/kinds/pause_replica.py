"""One replica of a service freezes, the others go on: every so many requests hang."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.faults.names import ServiceName
from drills.faults.service_fault import ServiceFault
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.shop.names import Service


class PauseReplica(ServiceFault):
    """`{kind: pause-replica, service: web/2}`; of the included app also `replica: 2`, 1 is the one that began first."""

    kind: ClassVar[str] = "pause-replica"
    act: ClassVar[str] = "pause"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES, Capability.REPLICAS})
    leaves: ClassVar[Running] = Running.PAUSED

    service: ServiceName | None = Field(None, description="A service, or one replica of it; absent: the included app.")
    replica: Annotated[int, Field(ge=1, le=16)] = 1

    @property
    def target(self) -> str:
        service = self.service or Service.APP
        return service if "/" in service else f"{service}/{self.replica}"

    def summary(self) -> str:
        service, _, number = self.target.partition("/")
        return f"pause replica {number} of {'the app' if self.service is None else service}"

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.services.pause(self.target)
