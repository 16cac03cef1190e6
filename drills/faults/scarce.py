"""The faults that not every sandbox can have, known without loading any: `drills list` has no time for that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drills.sandbox.capabilities.capability import Capability

#: What some driver may lack on some machine.
SCARCE_CAPABILITIES = frozenset({Capability.DISK})

#: The kinds of faults that need one of these. The registry's `needs` say the same, and more.
SCARCE_FAULTS: Mapping[str, frozenset[Capability]] = {"fill-disk": frozenset({Capability.DISK})}


def why_never(kinds: Iterable[str], unavailable: Mapping[Capability, str]) -> str | None:
    """Why a sandbox that lacks these capabilities cannot have one of the faults; None when it can have them all."""
    for kind in kinds:
        for capability in sorted(SCARCE_FAULTS.get(kind, frozenset()) & unavailable.keys()):
            return unavailable[capability]
    return None
