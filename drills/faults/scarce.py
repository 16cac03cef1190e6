"""The faults that not every sandbox can have, known without loading any: `drills list` has no time for that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drills.faults.included import INCLUDED
from drills.model.traffic_kinds import TRAFFIC_SURGE
from drills.sandbox.capabilities.capability import Capability

#: What some driver may lack on some machine.
SCARCE_CAPABILITIES = frozenset({Capability.DISK, Capability.STRESS})

#: The kinds of faults that need one of these. The registry's `needs` say the same, and more.
SCARCE_FAULTS: Mapping[str, frozenset[Capability]] = {
    "fill-disk": frozenset({Capability.DISK}),
    "stress-cpu": frozenset({Capability.STRESS}),
}


def why_never(kinds: Iterable[str], unavailable: Mapping[Capability, str]) -> str | None:
    """Why a sandbox that lacks these capabilities cannot have one of the faults; None when it can have them all."""
    for kind in kinds if unavailable else ():
        for capability in sorted(_needs(kind) & unavailable.keys()):
            return unavailable[capability]
    return None


def _needs(kind: str) -> frozenset[Capability]:
    if kind in INCLUDED or kind == TRAFFIC_SURGE:
        return SCARCE_FAULTS.get(kind, frozenset())
    from drills.faults.registry import FAULTS  # only for kinds from outside: the entry points are looked through

    return FAULTS[kind].needs if kind in FAULTS else frozenset()
