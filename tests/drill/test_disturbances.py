"""What stands in a scenario's timeline: faults of the sandbox, and changes of the traffic, which are none."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from drills.drill.disturbances import disturbance_of, faults_of
from drills.errors import BadInput
from drills.faults.kinds.kill_service import KillService
from drills.faults.registry import FAULTS
from drills.model.scenario import FaultSpec, Scenario
from drills.model.traffic_surge import TrafficSurge

SURGE = {"kind": "traffic-surge", "users": 200, "spawn-rate": 20}
SCENARIO = Scenario.model_validate(
    {
        "title": "Many come",
        "story": "Slow.",
        "steady": {"probes": ["home"]},
        "timeline": [
            {"at": "0s", "fault": SURGE},
            {"at": "5s", "fault": {"kind": "kill-service", "service": "database"}},
        ],
    }
)


def test_a_surge_is_written_like_a_fault_and_is_none() -> None:
    surge = disturbance_of(FaultSpec.model_validate(SURGE))
    assert surge == TrafficSurge(users=200, spawn_rate=20)
    assert surge.summary() == "raise the traffic to 200 users"
    assert "traffic-surge" not in FAULTS
    assert faults_of(SCENARIO) == (KillService(service="database"),)


def test_a_scenario_with_a_surge_is_kept_and_read_again_as_it_was() -> None:
    kept = SCENARIO.model_dump_json(by_alias=True)
    assert Scenario.model_validate_json(kept) == SCENARIO
    # As version 0.1 wrote it into the first event of a drill.
    assert SCENARIO.model_dump(mode="json")["timeline"][0]["fault"] == SURGE


def test_wrong_settings_and_unknown_kinds_are_refused() -> None:
    with pytest.raises(ValidationError, match="users"):
        disturbance_of(FaultSpec.model_validate({**SURGE, "users": 0}))
    with pytest.raises(ValidationError, match="speed"):
        disturbance_of(FaultSpec.model_validate({**SURGE, "speed": 3}))
    with pytest.raises(BadInput, match="unknown kind of fault 'traffic-serge'; did you mean traffic-surge"):
        disturbance_of(FaultSpec(kind="traffic-serge"))
