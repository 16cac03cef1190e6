"""Whether a drill is possible on this workspace's sandbox, checked before anything is started."""

from __future__ import annotations

from drills.drill.disturbances import faults_of
from drills.errors import NotSupported
from drills.faults.injection import lacking
from drills.model.scenario import Scenario
from drills.sandbox.sandbox import Sandbox


def require_possible(scenario: Scenario, sandbox: Sandbox) -> None:
    """Raises NotSupported, in one line, for a drill that this sandbox can never run."""
    if (why := lacking(faults_of(scenario), sandbox)) is not None:
        raise NotSupported(f"{scenario.name}: not on this sandbox: {why}")
