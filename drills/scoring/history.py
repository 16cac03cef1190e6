"""What many drills say together: freshness, comparison with the last run, and times to acknowledge and to mitigate.

What depends on today's date is here and never in a scorecard. `now` and the dates are parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import fmean, median

from drills.model.events import Predecessor
from drills.model.playbook import Milestone
from drills.model.scorecard import DrillResult, Scorecard

#: How often each scenario is to be run where the playbook names no interval: "tested at least quarterly".
QUARTER = timedelta(days=92)

_SCORED = (DrillResult.MET, DrillResult.MISSED)
_BEFORE_IMPACT = (Milestone.INJECTED, Milestone.FIRST_IMPACT)


# ---- freshness ------------------------------------------------------------------------------------------------------


class Freshness(StrEnum):
    """`stale`: not run for longer than the interval. `never`: no drill of it was ever scored."""

    FRESH = "fresh"
    STALE = "stale"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ScenarioAge:
    """When a scenario was last scored, and what that is worth today."""

    scenario: str
    freshness: Freshness
    last_run: datetime | None
    due: datetime | None


def freshness(
    scenarios: Iterable[str], cards: Iterable[Scorecard], now: datetime, every: timedelta = QUARTER
) -> tuple[ScenarioAge, ...]:
    """The age of each scenario's last scored drill. Drills that proved nothing (invalid, aborted …) refresh nothing."""
    last: dict[str, datetime] = {}
    for card in cards:
        if card.result in _SCORED:
            last[card.scenario] = max(card.ended_at, last.get(card.scenario, card.ended_at))
    return tuple(_age(name, last.get(name), now, every) for name in scenarios)


def _age(scenario: str, last: datetime | None, now: datetime, every: timedelta) -> ScenarioAge:
    if last is None:
        return ScenarioAge(scenario, Freshness.NEVER, None, None)
    due = last + every
    return ScenarioAge(scenario, Freshness.FRESH if now <= due else Freshness.STALE, last, due)


# ---- comparison -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One milestone in two drills, in seconds from the first user impact; None where it was not reached."""

    milestone: Milestone
    before: float | None
    now: float | None

    @property
    def seconds(self) -> float | None:
        """How much later (positive) or earlier (negative) it was; None unless it was reached in both."""
        return None if self.before is None or self.now is None else self.now - self.before


def since_impact(card: Scorecard) -> Mapping[Milestone, float]:
    """The milestones after the first user impact, in seconds from it; empty when nobody was affected."""
    began = card.milestones.get(Milestone.FIRST_IMPACT)
    if began is None:
        return {}
    return {milestone: t - began for milestone, t in card.milestones.items() if milestone not in _BEFORE_IMPACT}


def predecessor_of(scenario: str, cards: Iterable[Scorecard], before: datetime) -> Predecessor | None:
    """The last scored drill of this scenario that ended before that moment, as a new drill carries it."""
    earlier = [
        card for card in cards if card.scenario == scenario and card.result in _SCORED and card.ended_at < before
    ]
    if not earlier:
        return None
    last = max(earlier, key=lambda card: (card.ended_at, card.drill_id))
    return Predecessor(
        drill_id=last.drill_id,
        ended_at=last.ended_at,
        score=last.score or 0.0,
        grade=last.grade or "",
        milestones={milestone: round(seconds, 3) for milestone, seconds in since_impact(last).items()},
    )


def compare(card: Scorecard, predecessor: Predecessor) -> tuple[Change, ...]:
    """The milestones after the first user impact that either drill reached, in their order."""
    now = since_impact(card)
    return tuple(
        Change(milestone, predecessor.milestones.get(milestone), now.get(milestone))
        for milestone in Milestone
        if milestone not in _BEFORE_IMPACT and (milestone in now or milestone in predecessor.milestones)
    )


# ---- MTTA and MTTR --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """One drill's time in seconds; when `censored`, at least that long: the milestone was not reached."""

    drill_id: str
    ended_at: datetime
    seconds: float
    censored: bool


@dataclass(frozen=True, slots=True)
class Times:
    """The times of one severity. `mean` and `median` are over the reached ones alone, so the censored stand beside."""

    level: str
    points: tuple[Point, ...]

    @property
    def reached(self) -> tuple[Point, ...]:
        return tuple(point for point in self.points if not point.censored)

    @property
    def censored(self) -> tuple[Point, ...]:
        return tuple(point for point in self.points if point.censored)

    @property
    def mean(self) -> float | None:
        """Seconds; None when it was never reached."""
        return fmean(point.seconds for point in self.reached) if self.reached else None

    @property
    def median(self) -> float | None:
        """Seconds; None when it was never reached."""
        return median(point.seconds for point in self.reached) if self.reached else None


def times_to_acknowledge(
    cards: Iterable[Scorecard], since: datetime | None = None, until: datetime | None = None
) -> tuple[Times, ...]:
    """MTTA: from detection (first impact where nothing was detected) to the acknowledgement, by true severity."""
    return _times(cards, Milestone.ACKNOWLEDGED, (Milestone.DETECTED, Milestone.FIRST_IMPACT), since, until)


def times_to_mitigate(
    cards: Iterable[Scorecard], since: datetime | None = None, until: datetime | None = None
) -> tuple[Times, ...]:
    """MTTR: from the first user impact to the measured mitigation, by true severity."""
    return _times(cards, Milestone.MITIGATED, (Milestone.FIRST_IMPACT,), since, until)


def _times(
    cards: Iterable[Scorecard],
    milestone: Milestone,
    clocks: Sequence[Milestone],
    since: datetime | None,
    until: datetime | None,
) -> tuple[Times, ...]:
    """The drills that ended in [since, until), each severity apart: nothing is averaged across severities."""
    by_level: dict[str, list[Point]] = {}
    for card in sorted(cards, key=lambda card: (card.ended_at, card.drill_id)):
        if card.result not in _SCORED or card.severity.true_level is None:
            continue
        if (since is not None and card.ended_at < since) or (until is not None and card.ended_at >= until):
            continue
        began = next((card.milestones[clock] for clock in clocks if clock in card.milestones), None)
        if began is None:
            continue
        reached = card.milestones.get(milestone)
        seconds = max(0.0, (card.duration if reached is None else reached) - began)
        point = Point(card.drill_id, card.ended_at, round(seconds, 3), censored=reached is None)
        by_level.setdefault(card.severity.true_level, []).append(point)
    return tuple(Times(level, tuple(points)) for level, points in sorted(by_level.items()))
