"""Every system by its name: the included one, and those that are added by entry points (`drills.systems`)."""

from __future__ import annotations

from inspect import isclass
from typing import Any

from drills.errors import BadInput
from drills.kinds import Kinds
from drills.sandbox.choice import INCLUDED
from drills.sandbox.system import System

_INCLUDED = {INCLUDED: "drills.included_shop.system:Shop"}


def _wrong(_name: str, system: Any) -> str | None:
    if not (isclass(system) and issubclass(system, System)):
        return "it is not a subclass of drills.sandbox.system.System"
    if system.open is System.open:
        return f"{system.__name__} has no open, which gives its sandbox"
    return None


SYSTEMS: Kinds[System] = Kinds("drills.systems", "a system", _INCLUDED, _wrong)


def system_of(name: str) -> System:
    """Raises BadInput for an unknown one, with the nearest."""
    if name not in SYSTEMS:
        raise BadInput(f"drills.yaml: sandbox.system: there is no system {name!r}; {SYSTEMS.why_not(name)}")
    return SYSTEMS[name]()
