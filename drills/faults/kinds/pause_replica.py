"""One replica of the app freezes, the others go on: every so many requests hang."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.faults.service_fault import ServiceFault
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.shop.names import Service


class PauseReplica(ServiceFault):
    """`{kind: pause-replica, replica: 1}`; 1 is the one that began first."""

    kind: ClassVar[str] = "pause-replica"
    act: ClassVar[str] = "pause"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES, Capability.REPLICAS})
    leaves: ClassVar[Running] = Running.PAUSED

    replica: Annotated[int, Field(ge=1, le=16)] = 1

    @property
    def target(self) -> str:
        return f"{Service.APP}/{self.replica}"

    def summary(self) -> str:
        return f"pause replica {self.replica} of the app"

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.services.pause(self.target)
