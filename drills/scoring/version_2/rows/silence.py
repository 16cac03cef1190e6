"""The one row of a control drill: nothing was injected, so nobody is to be alarmed."""

from __future__ import annotations

from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, Row, Topic, Verdict
from drills.scoring.version_2 import weights


def silence(alarms: int) -> Row:
    """Met by silence; otherwise half of the weight, shared by the number of alarms."""
    points = round(weights.SILENCE_WITH_ALARMS / alarms, 2) if alarms else weights.SILENCE
    return Row(
        milestone=Milestone.DETECTED,
        label="Silence",
        basis=Basis.SCENARIO,
        counted_from="the number of alarms",
        limit=None,
        limit_says="no alert and no declared incident, for nothing was injected",
        actual=None,
        verdict=Verdict.MISSED if alarms else Verdict.MET,
        reason=f"{alarms} false alarm{'s' if alarms > 1 else ''}" if alarms else "nothing was raised",
        source="scenario: a control drill",
        weight=weights.SILENCE,
        points=points,
        decides=True,
        topic=Topic.SILENCE,
    )
