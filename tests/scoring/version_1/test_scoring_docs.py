"""docs/scoring-1.md tells the numbers that are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.impact import rules as impact_rules
from drills.model.playbook import Milestone
from drills.scoring import sums
from drills.scoring.version_1 import weights

TEXT = (Path(__file__).parents[3] / "docs" / "scoring-1.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("row", "weight"),
    [
        ("Detected", weights.SCENARIO_WEIGHTS[Milestone.DETECTED]),
        ("Mitigated (scenario)", weights.SCENARIO_WEIGHTS[Milestone.MITIGATED]),
        ("Mitigated in the drill", weights.SCENARIO_WEIGHTS[Milestone.MITIGATED]),
        ("Mitigated (playbook)", weights.PLAYBOOK_WEIGHTS[Milestone.MITIGATED]),
        ("Acknowledged", weights.PLAYBOOK_WEIGHTS[Milestone.ACKNOWLEDGED]),
        ("Severity declared", weights.PLAYBOOK_WEIGHTS[Milestone.SEVERITY_DECLARED]),
        ("Commander named", weights.PLAYBOOK_WEIGHTS[Milestone.COMMANDER_NAMED]),
        ("First update", weights.PLAYBOOK_WEIGHTS[Milestone.FIRST_UPDATE]),
        ("Update cadence", weights.CADENCE_WEIGHT),
        ("Status page", weights.PLAYBOOK_WEIGHTS[Milestone.STATUS_PAGE]),
        ("Cause named", weights.PLAYBOOK_WEIGHTS[Milestone.CAUSE_NAMED]),
        ("Decision", weights.DECISION_WEIGHT),
        ("All clear", weights.PLAYBOOK_WEIGHTS[Milestone.ALL_CLEAR]),
        ("Post-mortem", weights.PLAYBOOK_WEIGHTS[Milestone.POST_MORTEM]),
        ("Triage steps", weights.TRIAGE_WEIGHT),
        ("Phases", weights.PHASES_WEIGHT),
    ],
)
def test_the_table_of_rows_has_the_weights_that_are_used(row: str, weight: float) -> None:
    (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| {row} |")]
    assert line.split("|")[-2].split()[0] == f"{weight:g}"


@pytest.mark.parametrize(
    ("about", "each", "most"),
    [
        ("each false alarm", weights.FALSE_ALARM, weights.FALSE_ALARMS_AT_MOST),
        ("an all-clear while", weights.PREMATURE_ALL_CLEAR, None),
        ("each wrong cause", weights.WRONG_CAUSE, weights.WRONG_CAUSES_AT_MOST),
        ("each level between", weights.SEVERITY_RANK, weights.SEVERITY_RANKS_AT_MOST),
        ("a first decision", weights.WRONG_DECISION, None),
        ("each hint", weights.HINT, weights.HINTS_AT_MOST),
    ],
)
def test_the_table_of_deductions_has_the_points_that_are_used(about: str, each: float, most: float | None) -> None:
    (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| {about}")]
    assert line.split("|")[-2].strip() == (f"{each:g}" if most is None else f"{each:g}, at most {most:g}")


def test_the_grades_are_told_as_they_are_given() -> None:
    assert sums.GRADE_RULE in TEXT


def test_the_constants_of_the_impact_are_told_as_they_are_used() -> None:
    flat = " ".join(TEXT.split())
    assert f"in the last {impact_rules.WINDOW} s" in flat
    assert f"at least {impact_rules.MIN_SUFFERING} suffering requests" in flat
    assert f"more than {impact_rules.MAX_SHARE * 100:.0f} % of its requests" in flat
    assert f"at least {impact_rules.MIN_LOAD * 100:.0f} % of the load" in flat
    assert f"not measured for over {impact_rules.MAX_GAP:.0f} s" in flat
