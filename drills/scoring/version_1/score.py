"""The score of a drill: a pure function of its timeline, and one that a reader can recompute by hand.

    timeline ─► impact ─► milestones, severity ─► demands ─► rows ─┐
                              └─► deductions ──────────────────────┴─► score = 100 × Σ points ÷ Σ weights − deductions

docs/scoring-1.md tells the rules in words.
"""

from __future__ import annotations

from collections.abc import Sequence

from drills.impact.assessment import ImpactAssessment, assess, ended_at, scored_until
from drills.model.events import Corrected, ResponderKind
from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, DrillResult, Row, Scorecard, Topic, Verdict
from drills.model.timeline import Timeline
from drills.scoring.sums import GRADE_RULE, arithmetic, grade_of, total
from drills.scoring.validity import NotScored, not_scored
from drills.scoring.version_1.cadence import cadence_demand
from drills.scoring.version_1.case import Case
from drills.scoring.version_1.checklists import phase_demands, triage_demands
from drills.scoring.version_1.conclusions import cause_demand, decision_demand
from drills.scoring.version_1.decisions import judge_cause, judge_decision
from drills.scoring.version_1.deductions import deductions_of
from drills.scoring.version_1.headline import headline, recovery_says
from drills.scoring.version_1.improve import improvements
from drills.scoring.version_1.limits import last_resort, playbook_demands, scenario_demands, without_impact
from drills.scoring.version_1.milestones import MEASURED, find_milestones
from drills.scoring.version_1.rows import Demand, row_of
from drills.scoring.version_1.severity import judge, measure
from drills.scoring.version_1.weights import LATE_SHARE, SILENCE_WEIGHT

#: Version of the rules by which drills are scored; every scorecard names it.
RULES_VERSION = 1


def score(timeline: Timeline, *, corrections: bool = True) -> Scorecard:
    """Everything that is said about this drill. Also for one that still runs: then without a score.

    With `corrections`, milestones that a facilitator put right count as corrected, and `original_score` is the score
    without. Raises LookupError when the timeline does not begin with DrillStarted.
    """
    start = timeline.start
    impact = assess(timeline)
    measured = measure(timeline, impact)
    refusal = not_scored(timeline, impact)
    case = _case(timeline, impact, measured.level, corrections=corrections)
    severity = judge(start.playbook, start.responder, measured, case.milestones.declared)
    rows = _rows(case, over=refusal is None)
    deductions = deductions_of(case, severity)
    result, why_not = _result(case, rows, refusal)
    points = None if refusal else total(rows, deductions)
    open_corrections = any(event.milestone not in MEASURED for event in timeline.all(Corrected))
    card = Scorecard(
        rules_version=RULES_VERSION,
        drill_id=start.drill_id,
        title=start.scenario.title,
        scenario=start.scenario.name,
        playbook=start.playbook.name,
        driver=start.driver,
        responder=start.responder,
        runbook=start.runbook,
        started_at=start.at,
        ended_at=ended_at(timeline),
        duration=round(case.end, 3),
        result=result,
        why_not=why_not,
        headline="",
        score=points,
        grade=None if points is None else grade_of(points),
        grade_rule=GRADE_RULE,
        arithmetic="" if refusal else arithmetic(rows, deductions),
        rows=rows,
        deductions=deductions,
        severity=severity,
        impact=impact.totals.model_copy(
            update={"worst_error_rate": measured.worst_error_rate, "worst_p95": measured.worst_p95}
        ),
        recovery=impact.recovery,
        recovery_says=recovery_says(case),
        milestones=dict(case.milestones.reached),
        detected_by=case.milestones.detected_by,
        false_alarms=len(case.milestones.false_alarms),
        premature_all_clear=bool(case.milestones.premature),
        cause_right=case.cause.right,
        corrected=corrections and open_corrections,
        original_score=score(timeline, corrections=False).score if corrections and open_corrections else None,
    )
    card = card.model_copy(update={"headline": headline(case, card)})
    return card.model_copy(update={"improve": improvements(case, card)})


def _case(timeline: Timeline, impact: ImpactAssessment, level: str | None, *, corrections: bool) -> Case:
    return Case(
        timeline=timeline,
        impact=impact,
        milestones=find_milestones(timeline, impact, corrections=corrections),
        level=timeline.start.playbook.level(level) if level is not None else None,
        cause=judge_cause(timeline, impact),
        decision=judge_decision(timeline, impact),
        end=scored_until(timeline),
    )


def _demands(case: Case) -> list[Demand]:
    demands = [*scenario_demands(case), *playbook_demands(case)]
    if not any(_settles_mitigation(demand, case) for demand in demands):
        demands.append(last_resort(case))
    extra = (cadence_demand(case), cause_demand(case), decision_demand(case))
    demands += [demand for demand in extra if demand is not None]
    order = list(Milestone)
    demands.sort(key=lambda demand: (order.index(demand.milestone), demand.topic is not Topic.MILESTONE))
    return [*demands, *triage_demands(case), *phase_demands(case)]


def _settles_mitigation(demand: Demand, case: Case) -> bool:
    """Whether this is the scenario's limit on mitigation, and it is decided: reached, or its limit has passed."""
    if demand.basis is not Basis.SCENARIO or demand.milestone is not Milestone.MITIGATED or not demand.required:
        return False
    since, limit = demand.since, demand.limit
    return demand.reached is not None or (since is not None and limit is not None and case.end - since > limit)


def _rows(case: Case, *, over: bool) -> tuple[Row, ...]:
    if _is_control(case):
        return (_silence(case),)
    return tuple(row_of(without_impact(demand, case), case.end, over=over) for demand in _demands(case))


def _is_control(case: Case) -> bool:
    return case.timeline.start.scenario.is_control


def _silence(case: Case) -> Row:
    """The one row of a control drill: met by silence; half, shared by the number of alarms, otherwise."""
    alarms = len(case.milestones.false_alarms)
    return Row(
        milestone=Milestone.DETECTED,
        label="Silence",
        basis=Basis.SCENARIO,
        counted_from="the number of alarms",
        limit=None,
        limit_says="no alert and no declared incident, for nothing was injected",
        actual=None,
        verdict=Verdict.MISSED if alarms else Verdict.MET,
        reason=f"{alarms} false alarm{'s' if alarms > 1 else ''}" if alarms else "nothing was raised",
        source="scenario: a control drill",
        weight=SILENCE_WEIGHT,
        points=round(SILENCE_WEIGHT * LATE_SHARE / alarms, 2) if alarms else SILENCE_WEIGHT,
        decides=True,
        topic=Topic.SILENCE,
    )


def _result(case: Case, rows: Sequence[Row], refusal: NotScored | None) -> tuple[DrillResult, str]:
    if refusal is not None:
        return refusal.result, refusal.why
    reasons = []
    if case.milestones.at(Milestone.MITIGATED) is None and case.impact.first_impact is not None:
        reasons.append("not mitigated")
    reasons += [
        f"{row.label.lower()}: {row.reason}"
        for row in rows
        if row.decides and (row.verdict is Verdict.MISSED or _never_noticed(row)) and not _said(row, reasons)
    ]
    if not reasons and case.timeline.start.responder is ResponderKind.NONE and not _is_control(case):
        reasons.append("nobody was to respond")
    if case.milestones.premature:
        reasons.append("all clear was declared while users still suffered")
    return (DrillResult.MISSED, "; ".join(reasons)) if reasons else (DrillResult.MET, "")


def _never_noticed(row: Row) -> bool:
    """A drill cannot be met while its detection is still open, though other rows may be."""
    return row.milestone is Milestone.DETECTED and row.verdict is Verdict.PENDING


def _said(row: Row, reasons: Sequence[str]) -> bool:
    return row.milestone is Milestone.MITIGATED and row.censored and "not mitigated" in reasons
