"""What a scenario's timeline does at its moments: a fault of the sandbox, or a change of the drill's traffic."""

from __future__ import annotations

from drills.faults.fault import Fault
from drills.faults.registry import fault_of
from drills.model.scenario import FaultSpec, Scenario
from drills.model.traffic_kinds import TRAFFIC_SURGE
from drills.model.traffic_surge import TrafficSurge

Disturbance = Fault | TrafficSurge


def disturbance_of(spec: FaultSpec) -> Disturbance:
    """What an entry does.

    Raises BadInput for an unknown kind (with the nearest one), pydantic.ValidationError for its settings.
    """
    return TrafficSurge.model_validate(spec.settings) if spec.kind == TRAFFIC_SURGE else fault_of(spec)


def faults_of(scenario: Scenario) -> tuple[Fault, ...]:
    """The faults of the sandbox, in their order, without changes of the traffic. Raises as `disturbance_of` does."""
    disturbances = (disturbance_of(injection.fault) for injection in scenario.timeline)
    return tuple(each for each in disturbances if isinstance(each, Fault))
