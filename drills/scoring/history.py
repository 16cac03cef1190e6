"""What a drill is compared with: the last scored one of its scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from drills.model.events import Predecessor
from drills.model.playbook import Milestone
from drills.model.scorecard import Scorecard

_BEFORE_IMPACT = (Milestone.INJECTED, Milestone.FIRST_IMPACT)


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
    earlier = [card for card in cards if card.scenario == scenario and card.result.is_scored and card.ended_at < before]
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
