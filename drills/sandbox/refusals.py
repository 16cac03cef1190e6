"""What a driver cannot do on this machine, known without loading the driver: `drills list` has no time for that."""

from __future__ import annotations

from collections.abc import Mapping

from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.choice import LOCAL

#: Why nothing can be limited to one service where services are processes.
NO_CONTAINERS = "its services are processes, which share all processors of this machine"


def refusals(driver: str) -> Mapping[Capability, str]:
    """Why, in a few words, for each capability that the driver lacks here; nothing for an unknown driver."""
    if driver != LOCAL:
        return {}
    from drills.sandbox.local.disk import refusal

    why = refusal()
    return {Capability.STRESS: NO_CONTAINERS, **({} if why is None else {Capability.DISK: why})}
