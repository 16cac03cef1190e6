"""From a demand (a milestone, a limit, a clock) to a row of the scorecard, by one rule for all rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from drills.model.durations import humane
from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, Row, Topic, Verdict
from drills.scoring.version_1.weights import LATE_SHARE


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a drill: `reached` (t or None) no later than `limit` seconds after `since` (t).

    Without a limit, `by_end` says whether it is asked for before the drill ends; if not, nothing is asked.
    `required` is False for what this kind of responder is not asked; `excused` then says why. `instead` says what came
    in place of what is asked.
    """

    milestone: Milestone
    label: str
    basis: Basis
    since: float | None
    counted_from: str
    limit: float | None
    limit_says: str
    reached: float | None
    source: str
    weight: float
    topic: Topic = Topic.MILESTONE
    decides: bool = False
    required: bool = True
    excused: str = ""
    by_end: bool = False
    instead: str = ""

    def unless(self, excused: str) -> Demand:
        """This demand, not made for the reason given (made as it is when that is empty)."""
        return replace(self, required=False, excused=excused, decides=False) if excused else self


def row_of(demand: Demand, end: float, *, over: bool) -> Row:
    """Judge a demand at `end` (t), the end of what is scored; `over` is False while the drill still runs.

    Reached within the limit: met, the whole weight. Reached later: missed, LATE_SHARE × limit ÷ actual of it. Not
    reached: censored at the end of the drill; missed with nothing when the limit had passed, else pending.
    """
    actual, censored = _actual(demand, end)
    verdict, reason = _verdict(demand, actual, censored, over=over)
    weight = demand.weight if verdict in (Verdict.MET, Verdict.MISSED) else 0.0
    return Row(
        milestone=demand.milestone,
        label=demand.label,
        basis=demand.basis,
        counted_from=demand.counted_from,
        limit=demand.limit,
        limit_says=demand.limit_says,
        actual=actual,
        censored=censored,
        verdict=verdict,
        reason=reason,
        source=demand.source,
        weight=weight,
        points=_points(weight, demand.limit, actual, verdict, censored=censored),
        decides=demand.decides,
        topic=demand.topic,
    )


def _actual(demand: Demand, end: float) -> tuple[float | None, bool]:
    if demand.since is None:
        return None, False
    # What was done before its clock started (acknowledged before the alert came) took no time.
    if demand.reached is not None:
        return round(max(0.0, demand.reached - demand.since), 3), False
    return round(max(0.0, end - demand.since), 3), True


def _verdict(demand: Demand, actual: float | None, censored: bool, *, over: bool) -> tuple[Verdict, str]:
    if not demand.required:
        return Verdict.NOT_REQUIRED, demand.excused
    if actual is None:
        return Verdict.NOT_REQUIRED, f"there was no {demand.counted_from} to count from"
    if demand.limit is None:
        return _without_limit(demand, actual, censored, over=over)
    limit = humane(timedelta(seconds=demand.limit))
    if censored:
        if actual > demand.limit:
            return Verdict.MISSED, f"not reached when {humane(actual)} had passed; the limit is {limit}"
        return Verdict.PENDING, f"still open after {humane(actual)}; the limit is {limit}"
    if actual <= demand.limit:
        return Verdict.MET, f"{humane(actual)} of {limit}"
    return Verdict.MISSED, f"{humane(actual - demand.limit)} later than the limit of {limit}"


def _without_limit(demand: Demand, actual: float, censored: bool, *, over: bool) -> tuple[Verdict, str]:
    if not demand.by_end:
        stated = demand.limit_says.startswith("no ")
        return Verdict.NOT_REQUIRED, demand.limit_says if stated else f"no number is stated: {demand.limit_says}"
    if not censored:
        return Verdict.MET, f"after {humane(actual)}"
    if not over:
        return Verdict.PENDING, "still open"
    return Verdict.MISSED, demand.instead or "not before the drill ended"


def _points(weight: float, limit: float | None, actual: float | None, verdict: Verdict, *, censored: bool) -> float:
    if verdict is Verdict.MET:
        return weight
    if verdict is not Verdict.MISSED or censored or not limit or not actual:
        return 0.0
    return round(weight * LATE_SHARE * limit / actual, 2)
