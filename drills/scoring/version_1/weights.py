"""How much each row of a scorecard weighs, and what is taken off: the numbers of the rules' version 1."""

from __future__ import annotations

from collections.abc import Mapping

from drills.model.playbook import Milestone

#: Weight of a milestone's row against the playbook's limit. Mitigation weighs most: it is what users feel.
PLAYBOOK_WEIGHTS: Mapping[Milestone, float] = {
    Milestone.ACKNOWLEDGED: 10.0,
    Milestone.SEVERITY_DECLARED: 5.0,
    Milestone.COMMANDER_NAMED: 5.0,
    Milestone.FIRST_UPDATE: 5.0,
    Milestone.STATUS_PAGE: 5.0,
    Milestone.CAUSE_NAMED: 10.0,
    Milestone.MITIGATED: 20.0,
    Milestone.ALL_CLEAR: 5.0,
    Milestone.POST_MORTEM: 5.0,
}
#: Weight of a row against the scenario's own limit.
SCENARIO_WEIGHTS: Mapping[Milestone, float] = {Milestone.DETECTED: 15.0, Milestone.MITIGATED: 30.0}
CADENCE_WEIGHT = 5.0
DECISION_WEIGHT = 5.0
#: All triage steps together, and all phases together: shared equally among their rows.
TRIAGE_WEIGHT = 10.0
PHASES_WEIGHT = 5.0
#: The one row of a control drill.
SILENCE_WEIGHT = 100.0

#: What a row that was reached too late still earns, at most, of its weight; it shrinks with limit ÷ actual.
LATE_SHARE = 0.5

FALSE_ALARM, FALSE_ALARMS_AT_MOST = 5.0, 20.0
PREMATURE_ALL_CLEAR = 15.0
WRONG_CAUSE, WRONG_CAUSES_AT_MOST = 5.0, 10.0
SEVERITY_RANK, SEVERITY_RANKS_AT_MOST = 5.0, 15.0
WRONG_DECISION = 5.0
HINT, HINTS_AT_MOST = 2.0, 6.0
