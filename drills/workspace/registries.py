"""The kinds of probes and faults, read from their registries only when a file names one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drills.faults.fault import Fault
    from drills.kinds import Kinds
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
