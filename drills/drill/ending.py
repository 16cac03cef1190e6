"""When a drill is over: a pure decision on what is known so far."""

from __future__ import annotations

import math
from dataclasses import dataclass

from drills.impact.assessment import ImpactAssessment
from drills.impact.hindrances import hindrances
from drills.model.events import AllClear, DrillStarted, EndReason, ResponderKind, RunbookFinished, TrafficSecond
from drills.model.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Ending:
    reason: EndReason
    says: str


def ending(
    timeline: Timeline, impact: ImpactAssessment, t: float, *, baseline_end: float, impact_patience: float
) -> Ending | None:
    """Why the drill is over at `t`, or None while it goes on.

    A drill that a runbook answers is over once users have recovered and it has finished, or once its own limit has
    passed without any sign of a recovery. With a person it ends at the all-clear, without a responder when
    the scenario's limit for a recovery has passed.
    """
    start = timeline.start
    scenario = start.scenario
    duration = scenario.limits.duration.total_seconds()
    if t - baseline_end >= duration:
        if scenario.is_control:
            return Ending(EndReason.CONTROL_COMPLETE, "the control drill ran its whole time")
        why = _still_wrong(timeline, impact)
        return Ending(EndReason.LIMIT_REACHED, f"the scenario's limit of {duration:g} s was reached{why}")
    if scenario.is_control or impact.injected is None:
        return None
    if impact.settled_since is not None and _responder_is_done(timeline, start, impact.settled_since):
        return Ending(EndReason.RECOVERED, "users have recovered, and the responder is done")
    if start.responder is ResponderKind.PERSON:
        return None
    return _nothing_more(timeline, start, impact, t, impact_patience)


def _responder_is_done(timeline: Timeline, start: DrillStarted, settled_since: float) -> bool:
    match start.responder:
        case ResponderKind.RUNBOOK:
            return timeline.last(RunbookFinished) is not None
        case ResponderKind.PERSON:
            clear = timeline.last(AllClear)
            return clear is not None and clear.t >= settled_since
        case ResponderKind.NONE:
            return True


def _nothing_more(
    timeline: Timeline, start: DrillStarted, impact: ImpactAssessment, t: float, impact_patience: float
) -> Ending | None:
    scenario = start.scenario
    assert impact.injected is not None
    if impact.first_impact is None:
        if t - impact.injected >= impact_patience and scenario.users_affected:
            return Ending(EndReason.NOTHING_MORE_TO_COME, "no user was affected by the fault")
        return None
    within = scenario.expect.mitigated_within
    if within is None or t - impact.first_impact < within.total_seconds():
        return None
    if start.responder is ResponderKind.RUNBOOK and timeline.last(RunbookFinished) is None:
        return None
    if not impact.impacted_now and not _gave_up(impact, t, scenario.settle.total_seconds()):
        return None
    said = "users still suffer" if impact.impacted_now else "users have not been without errors for long enough"
    why = _still_wrong(timeline, impact)
    return Ending(EndReason.NOTHING_MORE_TO_COME, f"the limit for a recovery has passed and {said}{why}")


def _still_wrong(timeline: Timeline, impact: ImpactAssessment) -> str:
    """`: `, and the routes and errors that prevented a recovery in the last settle time; empty for none."""
    if impact.first_impact is None or impact.settled_since is not None:
        return ""
    seconds = timeline.all(TrafficSecond)[-math.ceil(timeline.start.scenario.settle.total_seconds()) :]
    why = hindrances(seconds, impact.baseline)
    return f": {why}" if why else ""


def _gave_up(impact: ImpactAssessment, t: float, settle: float) -> bool:
    """Whether users have had twice the settle time to recover for good, and have not."""
    return impact.last_impact is not None and t - impact.last_impact > 2 * settle
