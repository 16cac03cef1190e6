"""Many more users come at once. Not a change of the sandbox: the drill's own traffic is told to grow.

Whoever has the traffic applies it (`TrafficGenerator.change_users`) and takes the users of the following seconds as
evidence. Nothing is owed for it: the users are a subprocess of the drill and die with it, so there is no journal row;
the higher load stays until the traffic ends, for a recovery counts only under the load that is offered.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox


class TrafficSurge(Fault):
    """`{kind: traffic-surge, users: 200, spawn-rate: 50}`; `users` is the total, the ones before included."""

    kind: ClassVar[str] = "traffic-surge"
    needs: ClassVar[frozenset[Capability]] = frozenset()

    users: Annotated[int, Field(ge=1)]
    spawn_rate: Annotated[float, Field(gt=0, description="Users started per second.")] = 50.0

    def summary(self) -> str:
        return f"raise the traffic to {self.users} users"

    def check(self, sandbox: Sandbox) -> None:
        """Nothing of the sandbox stands against it."""

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - nothing is owed
        return {}

    def apply(self, sandbox: Sandbox) -> None:  # noqa: ARG002 - not a matter of the sandbox
        raise FaultImpossible(f"{self.kind} is applied to the traffic, not to the sandbox")

    def verify(self, sandbox: Sandbox) -> str:  # noqa: ARG002 - not a matter of the sandbox
        raise FaultImpossible(f"{self.kind} is seen in the traffic, not in the sandbox")

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        """The traffic dies with the drill."""

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        """The traffic dies with the drill."""
