"""What all database faults share: the service that they target, whatever its technology."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from drills.faults.fault import Fault, UndoPlan
from drills.faults.names import ServiceName
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.database import Database
from drills.sandbox.sandbox import Sandbox


class DatabaseFault(Fault):
    """Without `service` the target is the only database of the sandbox."""

    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SQL})

    service: ServiceName | None = Field(None, description="The database; absent: the only one.")

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return ((self.service or "", "sql"),)

    def database(self, sandbox: Sandbox) -> Database:
        """The target. Raises BadInput when there are several, EnvironmentFailed when it does not run."""
        return sandbox.databases.of(self.service)

    @classmethod
    def database_of(cls, sandbox: Sandbox, plan: UndoPlan) -> Database:
        """The target of an undo; plans of version 0.1 name none. Raises as `database` does."""
        service = plan.get("service")
        return sandbox.databases.of(None if service is None else str(service))
