"""From rows and deductions to the score and its grade, and the line by which a reader recomputes it."""

from __future__ import annotations

from collections.abc import Sequence

from drills.model.playbook import Milestone
from drills.model.scorecard import Deduction, Row, Topic

GRADES: tuple[tuple[float, str], ...] = ((90.0, "A"), (80.0, "B"), (70.0, "C"), (60.0, "D"))
GRADE_RULE = "A from 90, B from 80, C from 70, D from 60, F below"


def grade_of(score: float) -> str:
    """The grade of a score, by `GRADE_RULE`."""
    return next((grade for least, grade in GRADES if score >= least), "F")


def total(rows: Sequence[Row], deductions: Sequence[Deduction]) -> float:
    """100 × sum of points ÷ sum of weights − deductions, within 0 and 100."""
    points, weights, off = _sums(rows, deductions)
    return round(min(100.0, max(0.0, _share(points, weights) - off)), 2)


def earned_above(rows: Sequence[Row], others: Sequence[Row]) -> float:
    """How many points of the score these rows are above the same rows of another response."""
    theirs = {_key(row): row.points for row in others}
    points = sum(row.points - theirs.get(_key(row), 0.0) for row in rows)
    weights = sum(row.weight for row in rows)
    return round(100.0 * points / weights, 2) if weights else 0.0


def arithmetic(rows: Sequence[Row], deductions: Sequence[Deduction]) -> str:
    """One line from which the score can be recomputed with the rows' points and weights, and the deductions."""
    points, weights, off = _sums(rows, deductions)
    final = total(rows, deductions)
    if not weights:
        return f"nothing could be scored, so the score is {final:.2f}"
    share = _share(points, weights)
    return (
        f"100 × {points:.2f} points ÷ {weights:.2f} weight = {share:.2f}; {share:.2f} − {off:.2f} deducted"
        f"{', within 0 and 100,' if not 0 <= share - off <= 100 else ''} = {final:.2f}, grade {grade_of(final)}"
    )


def _key(row: Row) -> tuple[int | None, Milestone, Topic, str]:
    return row.incident, row.milestone, row.topic, row.label


def _share(points: float, weights: float) -> float:
    return round(100.0 * points / weights, 2) if weights else 0.0


def _sums(rows: Sequence[Row], deductions: Sequence[Deduction]) -> tuple[float, float, float]:
    return (
        round(sum(row.points for row in rows), 2),
        round(sum(row.weight for row in rows), 2),
        round(sum(deduction.points for deduction in deductions), 2),
    )
