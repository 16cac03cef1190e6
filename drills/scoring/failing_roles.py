"""Which roles of probes are failing: facts for the playbook's decision rules."""

from __future__ import annotations

from collections.abc import Mapping

from drills.model.events import ProbeObserved
from drills.model.probe import Outcome
from drills.model.timeline import Timeline


def failing_roles(timeline: Timeline, t: float) -> Mapping[str, bool]:
    """`site_failing` …: for each role that probes have here, whether the last check of one of them failed by `t`."""
    last = {event.probe: event.outcome for event in timeline.all(ProbeObserved) if event.t <= t}
    roles = [(probe.role, last.get(probe.name)) for probe in timeline.start.probes if probe.role is not None]
    return {
        f"{role.replace('-', '_')}_failing": any(of == role and seen is Outcome.FAIL for of, seen in roles)
        for role, _ in roles
    }
