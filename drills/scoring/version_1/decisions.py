"""What the responder concluded: the cause, and whether to roll back or to fix, judged by the playbook's rules."""

from __future__ import annotations

from dataclasses import dataclass

from drills.impact.assessment import ImpactAssessment, scored_until
from drills.model.conditions import compile_condition
from drills.model.events import CauseNamed, Decided, FaultApplied
from drills.model.playbook import Choice
from drills.model.timeline import Timeline
from drills.scoring.failing_roles import failing_roles


@dataclass(frozen=True, slots=True)
class Decision:
    """The first decision of the responder. `right` is None when the playbook's rules say nothing about it."""

    t: float
    choice: Choice
    right: bool | None
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Cause:
    """`right` is None when nothing was named; `right_at` is t of the first naming of the true cause.

    The last cause that was named is what the responder stands by.
    """

    right: bool | None
    right_at: float | None
    wrong_at: tuple[float, ...]
    named: str | None


def judge_decision(timeline: Timeline, impact: ImpactAssessment) -> Decision | None:
    """The first decision after the fault, against the first rule of the playbook that holds; None without one."""
    since = impact.injected if impact.injected is not None else float("inf")
    decided = timeline.first(Decided, since=since)
    if decided is None or decided.t > scored_until(timeline):
        return None
    truth = timeline.start.scenario.truth
    values: dict[str, float | bool] = {"cause_known": decided.cause_known, **failing_roles(timeline, decided.t)}
    if decided.fix_minutes is not None:
        values["fix_minutes"] = float(decided.fix_minutes)
    deployed = _last_deploy(timeline, decided.t)
    if deployed is not None:
        values["minutes_since_deploy"] = (decided.t - deployed) / 60.0
    rule = next(
        (rule for rule in timeline.start.playbook.decisions if compile_condition(rule.when).holds(values)), None
    )
    also_right = truth.right_choices if truth else ()
    if decided.choice in also_right:
        return Decision(decided.t, decided.choice, True, "right in this scenario", "the scenario's right choices")
    if rule is None:
        return Decision(decided.t, decided.choice, None, "no rule of the playbook speaks of this case", "")
    right = decided.choice in (rule.decide, *rule.also_right)
    allowed = " or ".join((rule.decide, *rule.also_right))
    why = f"the playbook says {allowed}: {rule.why or rule.when}"
    return Decision(decided.t, decided.choice, right, why, rule.source)


def _last_deploy(timeline: Timeline, t: float) -> float | None:
    """t of the last release that the drill itself deployed. The sandbox's own start is not a deployment."""
    deploys = [fault.t for fault in timeline.all(FaultApplied) if "deploy" in fault.fault_kind and fault.t <= t]
    return max(deploys, default=None)


def judge_cause(timeline: Timeline, impact: ImpactAssessment) -> Cause:
    """The causes that were named after the fault, against the scenario's truth."""
    since = impact.injected if impact.injected is not None else float("inf")
    end = scored_until(timeline)
    truth = timeline.start.scenario.truth
    named = [event for event in timeline.all(CauseNamed) if since <= event.t <= end]
    if truth is None or not named:
        return Cause(None, None, (), named[-1].cause if named else None)
    right = [event.t for event in named if event.cause == truth.cause]
    wrong = tuple(event.t for event in named if event.cause != truth.cause)
    return Cause(named[-1].cause == truth.cause, min(right, default=None), wrong, named[-1].cause)
