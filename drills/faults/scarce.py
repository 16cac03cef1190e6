"""The faults that a sandbox cannot have, known without loading any: `drills list` has no time for that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from drills.faults.included import INCLUDED
from drills.kinds import needs_in
from drills.model.traffic_kinds import TRAFFIC_SURGE
from drills.sandbox.capabilities.capability import Capability


def why_never(kinds: Iterable[str], unavailable: Mapping[Capability, str]) -> str | None:
    """Why a sandbox that lacks these capabilities cannot have one of the faults; None when it can have them all."""
    for kind in kinds if unavailable else ():
        for capability in sorted(set(_needs(kind)) & unavailable.keys()):
            return unavailable[capability]
    return None


def _needs(kind: str) -> Collection[Capability]:
    if kind == TRAFFIC_SURGE:
        return ()
    if kind in INCLUDED:
        return [Capability(name) for name in needs_in(INCLUDED[kind])]
    from drills.faults.registry import FAULTS  # only for kinds from outside: the entry points are looked through

    return FAULTS[kind].needs if kind in FAULTS else ()
