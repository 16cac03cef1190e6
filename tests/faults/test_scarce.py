"""What the list of drills says without loading a fault is what the faults themselves need."""

from __future__ import annotations

import subprocess
import sys

from drills.faults.registry import FAULTS
from drills.faults.scarce import SCARCE_CAPABILITIES, SCARCE_FAULTS, why_never
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.choice import INCLUDED
from drills.sandbox.systems import system_of


def test_the_table_of_scarce_faults_says_what_the_faults_say() -> None:
    needed = {kind: fault.needs & SCARCE_CAPABILITIES for kind, fault in FAULTS.items()}
    assert {kind: needs for kind, needs in needed.items() if needs} == SCARCE_FAULTS


def test_a_driver_lacks_nothing_that_is_not_in_the_table() -> None:
    system = system_of(INCLUDED)
    assert system.unavailable("local").keys() | system.unavailable("compose").keys() <= SCARCE_CAPABILITIES
    assert system.unavailable("nonsense") == {}


def test_the_reason_is_the_drivers_own() -> None:
    lacking = {Capability.DISK: "nobody may mount here"}
    assert why_never(["kill-service", "fill-disk"], lacking) == "nobody may mount here"
    assert why_never(["kill-service"], lacking) is None
    assert why_never(["fill-disk"], {}) is None


def test_nothing_heavy_is_loaded_for_it() -> None:
    program = "import sys, drills.faults.scarce, drills.sandbox.systems as systems\n"
    program += "system = systems.system_of('included'); system.unavailable('local'); system.unavailable('compose')\n"
    program += "print(*{'pydantic', 'psycopg', 'psutil', 'docker', 'httpx'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
