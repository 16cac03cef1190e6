"""The course of one alert: it fires and rises at once, falls and resolves after calm, is held open when it flaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from drills.alerting.alert_id import AlertId
from drills.alerting.rules import KeyRule
from drills.alerting.state import KeyState, Open

#: A level falls, and an alert resolves, after it was due lower for twice the threshold's `for`, within these bounds.
CALM_AT_LEAST = 10.0
CALM_AT_MOST = 120.0
#: An alert that fires this often within the window is held open until fewer of its firings lie in the window.
FLAPS = 3
FLAP_WINDOW = 600.0


class Step(StrEnum):
    NOTHING = "nothing"
    FIRED = "fired"
    ROSE = "rose"
    FELL = "fell"
    RESOLVED = "resolved"
    HELD_OPEN = "held-open"


@dataclass(frozen=True, slots=True)
class Course:
    """What became of the key's alert. `alert` is the one concerned, as it is (or was when it resolved).

    `before` is the rank that it had.
    """

    state: KeyState
    step: Step
    alert: Open | None
    before: int = 0


def calm_seconds(rule: KeyRule, rank: int) -> float:
    """How long an alert of this rank must have been due lower before it falls or resolves."""
    return min(CALM_AT_MOST, max(CALM_AT_LEAST, 2 * rule.for_seconds(rank)))


def released_at(state: KeyState) -> float:
    """When a flapping alert may resolve again; minus infinity for one that does not flap."""
    return state.fires[-FLAPS] + FLAP_WINDOW if len(state.fires) >= FLAPS else float("-inf")


def proceed(rule: KeyRule, state: KeyState, due: int | None, t: float) -> Course:
    """One judgement at `t`, when `due` is the rank of the most severe threshold that has held for its `for`."""
    alert = state.open
    if alert is None:
        if due is None:
            return Course(state, Step.NOTHING, None)
        count = state.count + 1
        fires = (*(fired for fired in state.fires if fired + FLAP_WINDOW > t), t)[-FLAPS:]
        alert = Open(AlertId(rule.key, count), due)
        return Course(replace(state, open=alert, count=count, fires=fires), Step.FIRED, alert)
    if due is not None and due <= alert.rank:
        step = Step.ROSE if due < alert.rank else Step.NOTHING
        calmed = replace(alert, rank=due, lower_since=None, lower_rank=None)
        return Course(state if calmed == alert else replace(state, open=calmed), step, calmed)
    if alert.lower_since is None:
        lower = replace(alert, lower_since=t, lower_rank=due)
    else:
        lower = replace(alert, lower_rank=_more_severe(alert.lower_rank, due))
    if t < (lower.lower_since or 0.0) + calm_seconds(rule, alert.rank):
        return Course(replace(state, open=lower), Step.NOTHING, lower)
    if lower.lower_rank is not None:
        still_lower = due != lower.lower_rank
        fallen = Open(
            alert.alert_id, lower.lower_rank, t if still_lower else None, due if still_lower else None, alert.held_open
        )
        return Course(replace(state, open=fallen), Step.FELL, fallen, alert.rank)
    if t < released_at(state):
        held = replace(lower, held_open=True)
        return Course(replace(state, open=held), Step.NOTHING if alert.held_open else Step.HELD_OPEN, held)
    return Course(replace(state, open=None), Step.RESOLVED, lower)


def next_step_at(rule: KeyRule, state: KeyState, t: float) -> float | None:
    """When time alone will change something about this key's thresholds or alert; always after `t`."""
    moments = [
        holding.since + threshold.for_seconds
        for threshold, holding in zip(rule.thresholds, state.holdings, strict=True)
        if holding.verdict is True and holding.unknown_since is None
    ]
    alert = state.open
    if alert is not None and alert.lower_since is not None:
        moments.append(alert.lower_since + calm_seconds(rule, alert.rank))
        moments.append(released_at(state))
    return min((moment for moment in moments if moment > t), default=None)


def _more_severe(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
