"""One small drill for each kind of fault, to be killed in: inject the fault, watch for a moment, undo it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from drills.faults.included import INCLUDED as KINDS
from drills.faults.registry import FAULTS
from drills.sandbox.choice import INCLUDED
from drills.sandbox.systems import system_of

#: Seconds from the moment at which a fault is about to be applied to the one at which all is undone, generously.
LIFE = 10.0
_PREFIX = "kind-"


def names() -> tuple[str, ...]:
    """The names of these drills."""
    return tuple(_PREFIX + kind for kind in KINDS)


def write(folder: Path) -> None:
    """Put them among the scenarios of a workspace."""
    system = system_of(INCLUDED)
    for kind in KINDS:
        directory = folder / "scenarios" / (_PREFIX + kind)
        directory.mkdir(parents=True)
        scenario = _scenario(kind, FAULTS[kind].example(system))
        (directory / "scenario.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")


def _scenario(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": f"One fault: {kind}",
        "story": "The runner dies.",
        "steady": {"hold": "1s", "probes": ["home"]},
        "traffic": {"users": 4, "spawn-rate": 4},
        "baseline": "1s",
        "timeline": [{"at": "0s", "fault": {"kind": kind, **settings}}],
        "truth": {"cause": kind, "among": [kind, "bad-deploy"], "remedy": "The undo."},
        "users-affected": False,
        "limits": {"duration": "3s"},
        "runbook": None,
    }
