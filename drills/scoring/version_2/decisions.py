"""What the playbook's rules say was to be decided, on the facts, and whether it was, and was carried out."""

from __future__ import annotations

from dataclasses import dataclass

from drills.model.conditions import compile_condition
from drills.model.events import Decided, FaultApplied
from drills.model.playbook import Choice, DecisionRule
from drills.scoring.failing_roles import failing_roles
from drills.scoring.version_2.case import Case


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision, or that none was made. `right` is None where no rule speaks of the case."""

    decided: Decided | None
    rule: DecisionRule | None
    right: bool | None
    why: str


def judge(case: Case) -> Judged:
    """The last decision before the mitigation, by the first rule of the playbook that holds on the facts."""
    before = case.closed if case.mitigated is None else min(case.closed, case.mitigated)
    made = [event for event in case.said.decisions if event.t <= before]
    decided = made[-1] if made else None
    rule = _rule(case, decided, before if decided is None else decided.t)
    if rule is None:
        return Judged(decided, None, None, "no rule of the playbook speaks of this case")
    also_right = case.scenario.truth.right_choices if case.scenario.truth else ()
    if decided is not None and decided.choice in also_right:
        carried = _carried_out(case, decided.choice)
        return Judged(decided, rule, carried, "right in this scenario" if carried else _not_carried_out(decided))
    allowed = (rule.decide, *rule.also_right)
    wanted = f"the playbook says {' or '.join(allowed)}: {rule.why or rule.when}"
    if decided is None:
        return Judged(None, rule, False, f"nothing was decided; {wanted}")
    if decided.choice not in allowed:
        return Judged(decided, rule, False, f"decided to {decided.choice}; {wanted}")
    if not _carried_out(case, decided.choice):
        return Judged(decided, rule, False, _not_carried_out(decided))
    return Judged(decided, rule, True, wanted)


def _rule(case: Case, decided: Decided | None, t: float) -> DecisionRule | None:
    """The first rule that holds on the facts at `t`, when it was decided or had to be by."""
    truth = case.scenario.truth
    known = truth is not None and any(event.cause == truth.cause for event in case.said.causes)
    values: dict[str, float | bool] = {"cause_known": known, **failing_roles(case.timeline, t)}
    minutes = truth.fix_minutes if truth is not None else None
    if minutes is None and decided is not None:
        minutes = decided.fix_minutes
    if minutes is not None:
        values["fix_minutes"] = float(minutes)
    deployed = [fault.t for fault in case.timeline.all(FaultApplied) if "deploy" in fault.fault_kind and fault.t <= t]
    if deployed:
        values["minutes_since_deploy"] = (t - max(deployed)) / 60.0
    return next((rule for rule in case.playbook.decisions if compile_condition(rule.when).holds(values)), None)


def _carried_out(case: Case, choice: Choice) -> bool:
    """Whether what was decided was done; true while nothing was done at all."""
    done = [change for change in case.changes if change.ok and case.incident.start <= change.ended <= case.closed]
    if not done or choice is Choice.WAIT:
        return True
    return any(change.rolls_back is (choice is Choice.ROLLBACK) for change in done)


def _not_carried_out(decided: Decided) -> str:
    return f"decided to {decided.choice}, and did something else"
