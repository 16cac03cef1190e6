"""The score of a drill by version 2 of the rules, which docs/scoring.md tells in words.

timeline ─► pauses, corrections ─► incidents (what was measured) ─┐
                           said, changed (what was done) ─────────┴─► case ─► rows ─► sums, deductions, verdict
"""

from __future__ import annotations

from collections.abc import Sequence

from drills.impact.assessment import ImpactAssessment, assess, ended_at, scored_until
from drills.model.events import ResponderKind, TrafficSecond
from drills.model.playbook import Milestone
from drills.model.scorecard import (
    Deduction,
    Impact,
    IncidentSummary,
    Recovery,
    Row,
    Scorecard,
    Severity,
    Verdict,
)
from drills.model.timeline import Timeline
from drills.scoring.measured import moments
from drills.scoring.sums import GRADE_RULE, arithmetic, earned_above, grade_of, total
from drills.scoring.validity import not_scored
from drills.scoring.version_2 import deductions
from drills.scoring.version_2.baselines import baselines
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.cases import cases_of, silent
from drills.scoring.version_2.corrections import corrected, is_corrected
from drills.scoring.version_2.false_alarms import FalseAlarm, false_alarms
from drills.scoring.version_2.headline import headline, recovery_says
from drills.scoring.version_2.improve import improvements
from drills.scoring.version_2.incidents import Incident, incidents_of
from drills.scoring.version_2.milestones import milestones_of
from drills.scoring.version_2.pauses import without_pauses
from drills.scoring.version_2.rows import all_rows
from drills.scoring.version_2.rows.silence import silence
from drills.scoring.version_2.severity_at import level_at
from drills.scoring.version_2.verdict import verdict

RULES_VERSION = 2

#: From the worst to the best, for the recovery of a drill with several incidents.
_RECOVERIES = tuple(Recovery)


def score(timeline: Timeline, *, corrections: bool = True) -> Scorecard:
    """Everything that is said about this drill. Also for one that still runs: then without a score.

    With `corrections`, what a facilitator put right counts as corrected, and `original_score` is the score without.
    Raises LookupError when the timeline does not begin with DrillStarted.
    """
    recorded = without_pauses(timeline)
    amended = corrections and is_corrected(recorded)
    counted = corrected(recorded) if amended else recorded
    impact = assess(counted)
    refusal = not_scored(counted, impact)
    incidents = incidents_of(counted)
    cases = cases_of(counted, incidents)
    alarms = false_alarms(counted)
    rows = rows_of(counted, cases, alarms)
    taken_off = deductions_of(counted, cases, rows, alarms)
    points = None if refusal else total(rows, taken_off)
    start = counted.start
    if refusal is not None:
        result, why_not = refusal.result, refusal.why
    else:
        result, why_not = verdict(cases, rows, points or 0.0, start.responder, control=start.scenario.is_control)
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
        ended_at=ended_at(counted),
        duration=round(scored_until(counted), 3),
        result=result,
        why_not=why_not,
        headline="",
        score=points,
        grade=None if points is None else grade_of(points),
        grade_rule=GRADE_RULE,
        arithmetic="" if refusal else arithmetic(rows, taken_off),
        rows=rows,
        deductions=taken_off,
        severity=_severity(cases),
        impact=_impact(counted, impact, incidents),
        recovery=_recovery(cases),
        recovery_says=recovery_says(cases, start.scenario),
        milestones=dict(milestones_of(cases[0])) if cases else {},
        detected_by=_detected_by(incidents),
        false_alarms=len(alarms),
        premature_all_clear=any(deductions.premature_at(case) for case in cases),
        cause_right=_cause_right(cases),
        corrected=amended,
        original_score=score(timeline, corrections=False).score if amended else None,
        incidents=tuple(_summary(case) for case in cases),
        baselines=() if refusal else baselines(counted, cases, alarms),
    )
    card = card.model_copy(update={"headline": headline(cases, card, counted)})
    return card.model_copy(update={"improve": improvements(cases, card, counted)})


def rows_of(timeline: Timeline, cases: Sequence[Case], alarms: Sequence[FalseAlarm]) -> tuple[Row, ...]:
    """The rows of all incidents, or the one of a control drill."""
    if timeline.start.scenario.is_control:
        return (silence(len(alarms)),)
    return tuple(row for case in cases for row in all_rows(case))


def deductions_of(
    timeline: Timeline, cases: Sequence[Case], rows: Sequence[Row], alarms: Sequence[FalseAlarm]
) -> tuple[Deduction, ...]:
    """What is taken off: of monitoring, and of a person up to what the acts earned above silence."""
    taken_off = deductions.of_monitoring(alarms)
    if not cases or timeline.start.responder is not ResponderKind.PERSON:
        return taken_off
    unsaid = [row for case in cases for row in all_rows(silent(case))]
    return (*taken_off, *deductions.of_a_person(timeline, cases, earned_above(rows, unsaid)))


def _severity(cases: Sequence[Case]) -> Severity:
    """The level at the closing of the first incident, and the one that was declared last."""
    if not cases:
        return Severity(
            true_level=None, why="nothing was injected", declared=None, verdict=Verdict.NOT_REQUIRED, reason=""
        )
    case = cases[0]
    held = level_at(case.levels, case.closed)
    declared = case.said.declared[-1].level if case.said.declared else None
    true = None if held is None else held.level.name
    if not case.is_person and declared is None:
        verdict, reason = Verdict.NOT_REQUIRED, "a severity is asked of a person only"
    elif declared is None:
        verdict, reason = Verdict.MISSED, f"no severity was declared; it was {true}"
    elif declared == true:
        verdict, reason = Verdict.MET, f"{declared} was right"
    else:
        verdict, reason = Verdict.MISSED, f"{declared} was declared; at the closing it was {true}"
    return Severity(
        true_level=true, why="" if held is None else held.why, declared=declared, verdict=verdict, reason=reason
    )


def _impact(timeline: Timeline, impact: ImpactAssessment, incidents: Sequence[Incident]) -> Impact:
    """The totals of the whole drill; `seconds` and `user_minutes` are the sums of its incidents'."""
    values = [moment.values for moment in moments(timeline, impact)]
    seconds = [each.impact.totals.seconds for each in incidents if each.impact.totals.seconds is not None]
    suffering = sum(
        second.users_suffering
        for second in timeline.all(TrafficSecond)
        if any(each.start < second.t <= each.ended for each in incidents)
    )
    return impact.totals.model_copy(
        update={
            "worst_error_rate": _worst([value.get("error_rate") for value in values]),
            "worst_p95": _worst([value.get("p95") for value in values]),
            "seconds": round(sum(seconds), 3) if seconds else None,
            "user_minutes": round(suffering / 60.0, 2) if incidents else None,
        }
    )


def _worst(values: Sequence[float | bool | None]) -> float | None:
    return max((float(value) for value in values if value is not None), default=None)


def _recovery(cases: Sequence[Case]) -> Recovery:
    """Of the incident that recovered worst."""
    return min((case.credit.recovery for case in cases), key=_RECOVERIES.index, default=Recovery.NONE)


def _detected_by(incidents: Sequence[Incident]) -> str | None:
    detection = incidents[0].detection if incidents else None
    return None if detection is None else detection.alert.probe or detection.alert.key


def _cause_right(cases: Sequence[Case]) -> bool | None:
    """Whether the true cause was named last, in every incident in which one was named; None where none was."""
    found = [
        case.said.causes[-1].cause == case.scenario.truth.cause
        for case in cases
        if case.said.causes and case.scenario.truth is not None
    ]
    return all(found) if found else None


def _summary(case: Case) -> IncidentSummary:
    return IncidentSummary(
        number=case.incident.number,
        began=case.incident.injected,
        ended=case.incident.ended,
        start=case.incident.start,
        response=case.incident.response,
        closed=case.closed,
        levels=tuple((held.level.name, held.since) for held in case.levels),
        milestones={milestone: t for milestone, t in milestones_of(case).items() if milestone in Milestone},
        recovery=case.credit.recovery,
        uncredited=tuple(dict.fromkeys(words for change in case.credit.uncredited for words in change.words)),
    )
