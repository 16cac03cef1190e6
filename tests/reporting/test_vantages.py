"""Reports show a probe with several vantages once for each of them."""

from __future__ import annotations

from drills.model.probe import ProbeSpec
from drills.reporting.sections.monitoring import probe_lines
from drills.reporting.series import probe_lanes
from tests.scoring.timelines import drill


def test_each_vantage_has_its_own_line_and_lane() -> None:
    made = drill().baseline().fault()
    made = made.observed(8.0, "door", ok=False, vantage="edge").observed(9.0, "door", ok=True, vantage="around")
    timeline = made.observed(9.5, ok=True).timeline()
    lines = {line.probe: (line.checks, line.failed) for line in probe_lines(timeline) if line.checks}
    assert lines == {"door from edge": (1, 1), "door from around": (1, 0), "database": (1, 0)}
    assert {"door from edge", "door from around"} <= {lane.name for lane in probe_lanes(timeline)}


def test_a_vantage_that_never_checked_is_listed_too() -> None:
    spec = ProbeSpec.model_validate({"name": "door", "tcp": {"address": "a:1"}, "vantages": {"edge": {}, "around": {}}})
    made = drill(probes=(spec,)).baseline().fault().observed(8.0, "door", ok=True, vantage="edge")
    assert [(line.probe, line.checks) for line in probe_lines(made.timeline())] == [
        ("door from edge", 1),
        ("door from around", 0),
    ]
