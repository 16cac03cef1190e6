"""What faults of services, and of single replicas, share: the undo starts them again."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, Owners, UndoPlan
from drills.faults.names import ServiceName
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox


class ServiceFault(Fault):
    """Takes a service, or one replica of it, out of `Running.UP`."""

    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES})
    #: The state of the target while the fault is in place.
    leaves: ClassVar[Running] = Running.DOWN
    #: What it does to its target, as in drills.yaml's `may`.
    act: ClassVar[str]

    @abstractmethod
    def target(self, system: Owners) -> str:
        """The service (`web`), or the replica (`web/1`)."""

    def check(self, sandbox: Sandbox) -> None:
        target = self.target(sandbox)
        running = _running(sandbox, target, self.leaves)
        if running is not Running.UP:
            raise FaultImpossible(f"{target} is {running} already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {"service": self.target(sandbox)}

    def verify(self, sandbox: Sandbox) -> str:
        target = self.target(sandbox)
        running = _running(sandbox, target, self.leaves)
        if running is not self.leaves:
            raise FaultImpossible(f"{target} is {running}, expected {self.leaves}")
        return f"{target} is {running}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        # Replicas are renumbered when one of them ends: so all are resumed, and missing ones are started.
        service = _service(str(plan["service"]))
        if is_gone(sandbox, service):
            return
        if _is_replica(str(plan["service"])) or _running(sandbox, service, cls.leaves) is Running.PAUSED:
            sandbox.services.resume(service)
        # Also when it counts as up: an interrupted stop may have ended some of its processes.
        sandbox.services.start(service)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if is_gone(sandbox, _service(str(plan["service"]))):
            return
        running = _running(sandbox, str(plan["service"]), cls.leaves)
        if running is not Running.UP:
            raise EnvironmentFailed(f"{plan['service']} is still {running}")


class NamedServiceFault(ServiceFault):
    """The service or the replica is named by the scenario."""

    service: ServiceName = Field(description="A service, or one replica of it.")

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return ((self.service, self.act),)

    def target(self, system: Owners) -> str:  # noqa: ARG002 - it is named
        return self.service


def is_gone(sandbox: Sandbox, service: str) -> bool:
    """Whether its owner renamed or removed the service and it has no container: then nothing can be undone."""
    return service not in {status.name for status in sandbox.services.list()}


def _running(sandbox: Sandbox, target: str, leaves: Running) -> Running:
    """The target's state. A replica counts as affected when its service is up, but not all of its replicas are."""
    for status in sandbox.services.list():
        if status.name == _service(target):
            in_part = _is_replica(target) and status.running is Running.UP and status.detail
            return leaves if in_part else status.running
    return Running.DOWN


def _is_replica(target: str) -> bool:
    return "/" in target


def _service(target: str) -> str:
    return target.partition("/")[0]
