"""Every kind of fault by its name: the included ones, and those added by entry points (`drills.faults`).

A kind is loaded on first use: this module imports neither a database driver nor psutil.
"""

from __future__ import annotations

from inspect import isclass
from typing import Any

from drills.errors import BadInput
from drills.faults.fault import Fault
from drills.faults.included import INCLUDED
from drills.kinds import Kinds
from drills.model.scenario import FaultSpec
from drills.model.traffic_kinds import TRAFFIC_SURGE
from drills.nearest import suggest


def _wrong(name: str, kind: Any) -> str | None:
    if not (isclass(kind) and issubclass(kind, Fault)):
        return "it is not a subclass of drills.faults.fault.Fault"
    if missing := sorted(kind.__abstractmethods__):
        return f"{kind.__name__} has no {', '.join(missing)}"
    for attribute in ("kind", "needs"):
        if not hasattr(kind, attribute):
            return f"{kind.__name__} has no attribute {attribute}"
    if kind.kind != name:
        return f"{kind.__name__}.kind is {kind.kind!r}; name the entry point so"
    return None


FAULTS: Kinds[Fault] = Kinds("drills.faults", "a kind of fault", INCLUDED, _wrong)


def why_unknown(name: str) -> str:
    """Why a timeline cannot name such a kind, in one line: a broken entry point, or which known kinds are similar."""
    return FAULTS.broken_as(name) or suggest(name, (*FAULTS, TRAFFIC_SURGE))


def fault_of(spec: FaultSpec) -> Fault:
    """The fault that a scenario names.

    Raises BadInput for an unknown kind (naming the most similar one), pydantic.ValidationError for invalid settings.
    """
    if spec.kind not in FAULTS:
        raise BadInput(f"unknown kind of fault {spec.kind!r}; {why_unknown(spec.kind)}")
    return FAULTS[spec.kind].model_validate(spec.settings)
