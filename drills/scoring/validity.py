"""Whether a drill can be scored at all. One that cannot is told apart from a failed one, and says why."""

from __future__ import annotations

from dataclasses import dataclass

from drills.impact.assessment import ImpactAssessment
from drills.impact.baseline import Baseline
from drills.model.events import (
    DrillAborted,
    DrillEnded,
    DrillSkipped,
    EnvironmentLost,
    FaultApplied,
    FaultFailed,
    FaultVerified,
    RunnerDied,
    SandboxReady,
    SteadyStateFailed,
    SteadyStateHeld,
    TrafficSecond,
)
from drills.model.scorecard import DrillResult
from drills.model.timeline import Timeline


@dataclass(frozen=True, slots=True)
class NotScored:
    """Why a drill has no score."""

    result: DrillResult
    why: str


def not_scored(timeline: Timeline, impact: ImpactAssessment) -> NotScored | None:
    """Why this drill is not scored; None when it is valid and has ended.

    Whichever came first decides: what happens after the end of a drill (while undoing) does not make it invalid,
    except the death of its runner. Whether what that one measured last was stored is not known until it has undone all.
    """
    events = timeline.all(DrillSkipped, DrillAborted, SteadyStateFailed, FaultFailed, EnvironmentLost, DrillEnded)
    # Of two at the same moment, the end counts last: what went wrong in the moment of the end did go wrong.
    for event in sorted(events, key=lambda event: (event.t, isinstance(event, DrillEnded))):
        match event:
            case DrillSkipped():
                return NotScored(DrillResult.SKIPPED, event.reason)
            case DrillAborted():
                return NotScored(DrillResult.ABORTED, event.reason)
            case SteadyStateFailed():
                return _invalid(f"the steady state did not hold: {event.probe}: {event.reason}")
            case FaultFailed():
                return _invalid(f"the fault was not in place: {event.reason}")
            case EnvironmentLost():
                return _invalid(f"the environment failed: {event.reason}")
            case _:
                died = timeline.first(RunnerDied)
                if died is not None and not died.undone:
                    return NotScored(DrillResult.ABORTED, "the runner died before it had undone everything")
                return _unproven(timeline, impact)
    return NotScored(DrillResult.RUNNING, "the drill has not ended")


def _invalid(why: str) -> NotScored:
    return NotScored(DrillResult.INVALID, why)


def _unproven(timeline: Timeline, impact: ImpactAssessment) -> NotScored | None:
    scenario = timeline.start.scenario
    if timeline.first(SteadyStateHeld) is None:
        return _invalid("the steady state was never held")
    if impact.baseline is None:
        return _invalid("no baseline of the traffic was taken before the fault")
    ready = timeline.first(SandboxReady)
    if ready is not None and impact.baseline.since < ready.t:
        return _invalid("the baseline was taken before the sandbox was ready")
    if not scenario.is_control:
        if impact.injected is None:
            return _invalid("no fault was applied")
        if impact.baseline.until > impact.injected:
            return _invalid("the baseline was taken after the fault")
        verified = {event.fault for event in timeline.all(FaultVerified)}
        for applied in timeline.all(FaultApplied):
            if applied.fault not in verified:
                return _invalid(f"the fault was not verified to be in place: {applied.summary}")
    if impact.problem is not None:
        return _invalid(impact.problem)
    if impact.first_impact is None and scenario.users_affected and not scenario.is_control:
        missed = _not_in_the_baseline(timeline, impact.baseline, impact.injected)
        if missed:
            return _invalid(
                f"no user was measurably affected: requests of {', '.join(missed)} failed or were slow, and nobody had "
                "made any in the baseline; a longer one (baseline, in the scenario) measures them"
            )
        return _invalid("no user was measurably affected: the fault reached nobody")
    return None


def _not_in_the_baseline(timeline: Timeline, baseline: Baseline, injected: float | None) -> tuple[str, ...]:
    """The routes that suffered after the fault, and that no user had asked before: they are not measured."""
    suffered = {
        name
        for second in timeline.all(TrafficSecond)
        if injected is not None and second.t > injected
        for name, route in second.routes.items()
        if route.failed or route.slow or route.missed
    }
    return tuple(sorted(suffered - set(baseline.routes)))
