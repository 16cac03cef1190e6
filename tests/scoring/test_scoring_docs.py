"""docs/scoring.md tells the numbers that are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.impact import rules as impact_rules
from drills.scoring import sums
from drills.scoring.version_2 import curves, remedies, weights

TEXT = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
FLAT = " ".join(TEXT.split())


@pytest.mark.parametrize(
    ("row", "weight"),
    [
        ("Detected", weights.DETECTED),
        ("Mitigated", weights.MITIGATED),
        ("Mitigation target", 0.0),
        ("Acknowledged", weights.ACKNOWLEDGED),
        ("Severity declared", weights.SEVERITY_DECLARED),
        ("Severity right", weights.SEVERITY_RIGHT),
        ("Commander named", weights.COMMANDER),
        ("First update", weights.FIRST_UPDATE),
        ("Update cadence", weights.CADENCE),
        ("Status page", weights.STATUS_PAGE),
        ("Cause named", weights.CAUSE),
        ("Decision", weights.DECISION),
        ("Escalated", weights.ESCALATED),
        ("All clear", weights.ALL_CLEAR),
        ("Triage steps", weights.TRIAGE),
        ("Phases", 0.0),
        ("Post-mortem", 0.0),
    ],
)
def test_the_table_of_rows_has_the_weights_that_are_used(row: str, weight: float) -> None:
    (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| {row}")]
    assert line.split("|")[2].split()[0] == f"{weight:g}"


@pytest.mark.parametrize(
    ("about", "each", "most"),
    [
        ("each false alarm", weights.FALSE_ALARM, weights.FALSE_ALARMS_AT_MOST),
        ("an all-clear", weights.PREMATURE_ALL_CLEAR, None),
        ("each wrong cause", weights.WRONG_CAUSE, weights.WRONG_CAUSES_AT_MOST),
        ("each level declared", weights.WRONG_LEVEL, weights.WRONG_LEVELS_AT_MOST),
        ("the commander repaired", weights.COMMANDER_REPAIRED, None),
        ("each hint", weights.HINT, weights.HINTS_AT_MOST),
    ],
)
def test_the_table_of_deductions_has_the_points_that_are_used(about: str, each: float, most: float | None) -> None:
    (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| {about}")]
    assert line.split("|")[2].strip() == (f"{each:g}" if most is None else f"{each:g}, at most {most:g}")


def test_the_curves_are_told_as_they_are_drawn() -> None:
    assert f"1 − {1 - curves.AT_THE_LIMIT:g} × (x − L/4)" in FLAT
    assert f"{curves.AT_THE_LIMIT:g} × (3L − x) ÷ 2L" in FLAT
    assert f"{curves.AT_THE_LIMIT:g} × (2L − x) ÷ L" in FLAT
    assert f"all of it up to L ÷ {1 / curves.FULL_UNTIL:g}" in FLAT


def test_the_grades_and_the_result_are_told_as_they_are_given() -> None:
    assert sums.GRADE_RULE in FLAT.replace("Grade: A", "A")
    assert f"the score is at least {weights.MET_FROM:g}" in FLAT
    assert f"missed with {weights.SILENCE_WITH_ALARMS:g} points shared by the number of alarms" in FLAT


def test_the_constants_of_the_impact_are_told_as_they_are_used() -> None:
    assert f"in the last {impact_rules.WINDOW} s" in FLAT
    assert f"at least {impact_rules.MIN_SUFFERING} suffering requests" in FLAT
    assert f"more than {impact_rules.MAX_SHARE * 100:.0f} % of its requests" in FLAT
    assert f"at least {impact_rules.MIN_LOAD * 100:.0f} % of the load" in FLAT
    assert f"not measured for over {impact_rules.MAX_GAP:.0f} s" in FLAT
    assert f"begun no later than {impact_rules.CREDIT_GRACE:.0f} s after" in FLAT
    assert f"gone on suffering for more than {remedies.SUFFERED_ON:.0f} s" in FLAT
