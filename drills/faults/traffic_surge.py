"""Many more users come at once. Not a change of the sandbox: the drill's own traffic is told to grow.

Nothing is owed for it: the users are a subprocess of the drill and die with it, so there is no journal row, and
undoing a drill's faults leaves the offered load as it is until the traffic ends (a recovery counts under that load).
"""

from __future__ import annotations

import time
from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.sandbox.protocol import Capability, Sandbox


class TrafficControl(Protocol):
    """The running traffic, as `inject` needs it (it blocks: the conductor calls it in a thread)."""

    def users(self) -> int:
        """How many users there were in the last second."""
        ...

    def change_users(self, users: int, spawn_rate: float) -> None:
        """Go to that many users, starting `spawn_rate` of them per second."""
        ...


class TrafficFault(Fault):
    """A fault of the traffic: applied to and verified on a TrafficControl, with nothing to undo in the sandbox."""

    needs: ClassVar[frozenset[Capability]] = frozenset()

    def apply_to(self, traffic: TrafficControl) -> None:
        raise NotImplementedError

    def verify_on(self, traffic: TrafficControl) -> str:
        """Evidence, in one line. Raises FaultImpossible when the traffic did not change."""
        raise NotImplementedError

    def check(self, sandbox: Sandbox) -> None:
        """Nothing of the sandbox stands against it."""

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - the settings say it all
        return {}

    def apply(self, sandbox: Sandbox) -> None:  # noqa: ARG002 - see apply_to
        raise FaultImpossible(f"{self.kind} needs traffic; the scenario has none")

    def verify(self, sandbox: Sandbox) -> str:  # noqa: ARG002 - see verify_on
        raise FaultImpossible(f"{self.kind} needs traffic; the scenario has none")

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        """The traffic dies with the drill."""

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        """The traffic dies with the drill."""


class TrafficSurge(TrafficFault):
    """`{kind: traffic-surge, users: 200, spawn-rate: 50}`; `users` is the total, the ones before included."""

    kind: ClassVar[str] = "traffic-surge"

    users: Annotated[int, Field(ge=1)]
    spawn_rate: Annotated[float, Field(gt=0, description="Users started per second.")] = 50.0

    def summary(self) -> str:
        return f"raise the traffic to {self.users} users"

    def apply_to(self, traffic: TrafficControl) -> None:
        traffic.change_users(self.users, self.spawn_rate)

    def verify_on(self, traffic: TrafficControl) -> str:
        # Statistics come once a second, and the generator may be busy starting users.
        deadline = time.monotonic() + self.users / self.spawn_rate + 10
        while (now := traffic.users()) < self.users:
            if time.monotonic() > deadline:
                raise FaultImpossible(f"the traffic has {now} users, not {self.users}")
            time.sleep(0.1)
        return f"{now} users"
