"""From a duty with its clock and its limit to a row of the scorecard, by one rule for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drills.model.durations import humane, humane_limit
from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, Row, Topic, Verdict
from drills.scoring.version_2 import curves
from drills.scoring.version_2.case import Case, Due


class Asked(StrEnum):
    """What it means that a duty was not done when its incident was closed."""

    #: It earns nothing, however soon that was.
    ALWAYS = "always"
    #: It was not asked if its limit had not passed, and then loses its points by and by.
    BY_ITS_LIMIT = "by-its-limit"


@dataclass(frozen=True, slots=True)
class Duty:
    """What is asked, from `since` (t) on, which is called `counted_from`."""

    milestone: Milestone
    label: str
    since: float
    counted_from: str
    due: Due
    weight: float
    basis: Basis = Basis.PLAYBOOK
    topic: Topic = Topic.MILESTONE
    asked: Asked = Asked.ALWAYS
    decides: bool = True
    done: Callable[[float, float], float] = curves.done
    left_open: Callable[[float, float], float] = curves.left_open


def row_of(case: Case, duty: Duty, reached: float | None, *, until: float | None = None, instead: str = "") -> Row:
    """The row of a duty that was done at `reached` (t), or was not by `until` (t; the closing, where it is not given).

    `instead` says what came in place of what was asked.
    """
    end = case.closed if until is None else until
    x = round(max(0.0, (end if reached is None else reached) - duty.since), 3)
    limit = duty.due.limit
    if reached is not None:
        verdict, reason = _done(x, limit)
        share = 1.0 if limit is None else duty.done(x, limit)
    else:
        verdict, reason = _left_open(x, duty, over=case.over or until is not None, instead=instead)
        always = duty.asked is Asked.ALWAYS or limit is None
        share = 0.0 if always else duty.left_open(x, limit or 0.0)
    return Row(
        milestone=duty.milestone,
        label=duty.label,
        basis=duty.basis,
        counted_from=duty.counted_from,
        limit=limit,
        limit_says=says(duty.due),
        actual=x,
        censored=reached is None,
        verdict=verdict,
        reason=reason,
        source=duty.due.source,
        weight=duty.weight,
        points=round(share * duty.weight, 2),
        decides=duty.decides,
        topic=duty.topic,
        incident=case.incident.number,
        margin=round(x / limit, 4) if limit else None,
    )


def says(due: Due) -> str:
    """The limit in words: the document's own where it has some."""
    if due.says or due.limit is None:
        return due.says or "no number is stated"
    return f"within {humane_limit(due.limit)}"


def _done(x: float, limit: float | None) -> tuple[Verdict, str]:
    if limit is None:
        return Verdict.MET, f"after {humane(x)}"
    stated = humane_limit(limit)
    if x <= limit:
        return Verdict.MET, f"{humane(x)} of {stated}"
    return Verdict.MISSED, f"{humane(x - limit)} later than the limit of {stated}"


def _left_open(x: float, duty: Duty, *, over: bool, instead: str) -> tuple[Verdict, str]:
    limit = duty.due.limit
    if limit is not None and x > limit:
        return Verdict.MISSED, instead or f"not done in {humane(x)}; the limit is {humane_limit(limit)}"
    if not over:
        return Verdict.PENDING, instead or "still open"
    if duty.asked is Asked.BY_ITS_LIMIT and limit is not None:
        stated = humane_limit(limit)
        return Verdict.NOT_REQUIRED, f"was not asked: closed after {humane(x)}, before the limit of {stated}"
    return Verdict.MISSED, instead or "not done before the incident was closed"
