"""What the list of drills says without loading a fault is what the faults themselves need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from drills.faults.included import INCLUDED as KINDS
from drills.faults.included import why_never
from drills.faults.registry import FAULTS
from drills.kinds import needs_in
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.choice import INCLUDED
from drills.sandbox.systems import system_of


@pytest.mark.parametrize("kind", KINDS)
def test_the_line_of_a_kind_says_what_the_kind_needs(kind: str) -> None:
    assert needs_in(KINDS[kind]) == FAULTS[kind].needs


def test_an_unknown_driver_lacks_nothing() -> None:
    assert system_of(INCLUDED).unavailable("nonsense") == {}


def test_the_reason_is_the_drivers_own() -> None:
    lacking = {Capability.DISK: "nobody may mount here"}
    assert why_never(["kill-service", "fill-disk"], lacking) == "nobody may mount here"
    assert why_never(["kill-service"], lacking) is None
    assert why_never(["fill-disk"], {}) is None


def test_nothing_heavy_is_loaded_for_it() -> None:
    program = "import sys, drills.faults.included, drills.sandbox.systems as systems\n"
    program += "system = systems.system_of('included'); system.unavailable('local'); system.unavailable('compose')\n"
    program += "print(*{'pydantic', 'psycopg', 'psutil', 'docker', 'httpx'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
