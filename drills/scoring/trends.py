"""Many drills together: how soon they were noticed, acknowledged and mitigated; never across severities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from drills.model.events import ResponderKind
from drills.model.playbook import Milestone
from drills.model.scorecard import Scorecard
from drills.scoring.survival import Interval, Summary, summary


class GroupBy(StrEnum):
    SEVERITY = "severity"
    SCENARIO = "scenario"
    RESPONDER = "responder"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Times:
    """The times of one drill. None where nothing is measured: no impact, or nobody who was to respond."""

    to_detect: Interval | None
    to_acknowledge: Interval | None
    to_mitigate: Interval | None


@dataclass(frozen=True, slots=True)
class Group:
    """Drills of one playbook and one true severity that are alike in what `key` names; empty for all of them."""

    playbook: str
    severity: str
    key: str
    drills: tuple[str, ...]
    to_detect: Summary
    to_acknowledge: Summary
    to_mitigate: Summary


_KEYS: Mapping[GroupBy, Callable[[Scorecard], str]] = {
    GroupBy.SEVERITY: lambda _: "",
    GroupBy.SCENARIO: lambda card: card.scenario,
    GroupBy.RESPONDER: lambda card: card.responder.value,
    GroupBy.MONTH: lambda card: f"{card.started_at:%Y-%m}",
}


def times_of(card: Scorecard) -> Times:
    """From the first user impact to detection and to recovery; from detection to the acknowledgement, by people only.

    What was not reached is as long as the drill at least. Detection before the first impact took no time. What a
    runbook acknowledges by itself, and drills that nobody was to answer, tell nothing about responding.
    """
    began, detected = card.milestones.get(Milestone.FIRST_IMPACT), card.milestones.get(Milestone.DETECTED)
    answered = card.responder is not ResponderKind.NONE
    return Times(
        to_detect=_between(card, began, Milestone.DETECTED),
        to_acknowledge=(
            _between(card, detected, Milestone.ACKNOWLEDGED) if card.responder is ResponderKind.PERSON else None
        ),
        to_mitigate=_between(card, began, Milestone.MITIGATED) if answered else None,
    )


def _between(card: Scorecard, since: float | None, milestone: Milestone) -> Interval | None:
    if since is None:
        return None
    reached = card.milestones.get(milestone)
    if reached is None:
        return Interval(round(max(0.0, card.duration - since), 3), censored=True)
    return Interval(round(max(0.0, reached - since), 3))


def groups(cards: Iterable[Scorecard], by: GroupBy) -> tuple[Group, ...]:
    """The scored drills that affected users, grouped within each playbook and severity, in the order of their names."""
    found: dict[tuple[str, str, str], list[Scorecard]] = {}
    for card in cards:
        if card.result.is_scored and card.severity.true_level is not None:
            key = (card.playbook, card.severity.true_level, _KEYS[by](card))
            found.setdefault(key, []).append(card)
    return tuple(_group(*key, members) for key, members in sorted(found.items()))


def _group(playbook: str, severity: str, key: str, cards: list[Scorecard]) -> Group:
    times = [times_of(card) for card in cards]
    return Group(
        playbook,
        severity,
        key,
        tuple(card.drill_id for card in cards),
        summary([each.to_detect for each in times if each.to_detect is not None]),
        summary([each.to_acknowledge for each in times if each.to_acknowledge is not None]),
        summary([each.to_mitigate for each in times if each.to_mitigate is not None]),
    )
