"""Many more users come at once: a change of the drill's traffic, and none of the sandbox.

It stands in a scenario's timeline like a fault, but nothing is owed for it: the users are a subprocess of the drill and
die with it. The higher load stays until the traffic ends, for a recovery counts only under the load that is offered.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.model.playbook import Model
from drills.model.traffic_kinds import TRAFFIC_SURGE


class TrafficSurge(Model):
    """`{kind: traffic-surge, users: 200, spawn-rate: 50}`; `users` is the total, the ones before included."""

    kind: ClassVar[str] = TRAFFIC_SURGE

    users: Annotated[int, Field(ge=1)]
    spawn_rate: Annotated[float, Field(gt=0, description="Users started per second.")] = 50.0

    def summary(self) -> str:
        """What it does, in a few words."""
        return f"raise the traffic to {self.users} users"
