"""The kinds of probes and faults, read from their registries only when a file names one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from drills.model.traffic_kinds import TRAFFIC_SURGE

if TYPE_CHECKING:
    from drills.faults.fault import Fault
    from drills.kinds import Kinds
    from drills.model.traffic_surge import TrafficSurge
    from drills.probing.settings_model import SettingsModel


@lru_cache(maxsize=1)
def probe_kinds() -> Kinds[SettingsModel]:
    """The settings model of each kind of probe."""
    from drills.probing.registry import PROBE_KINDS

    return PROBE_KINDS


@lru_cache(maxsize=1)
def fault_kinds() -> Kinds[Fault]:
    """Each kind of fault; its fields are its settings."""
    from drills.faults.registry import FAULTS

    return FAULTS


def disturbance_kind(name: str) -> type[Fault] | type[TrafficSurge] | None:
    """What a scenario's timeline may name: a kind of fault, or of a change of the traffic."""
    from drills.model.traffic_surge import TrafficSurge

    return TrafficSurge if name == TRAFFIC_SURGE else fault_kinds().get(name)
