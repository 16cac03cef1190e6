"""What to do better, from what was missed: about the system, the runbook and the process, never about people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drills.model.durations import humane, humane_limit
from drills.model.events import HintTaken, ResponderKind, RunbookFinished
from drills.model.playbook import Milestone
from drills.model.scorecard import Recovery, Row, Scorecard, Topic, Verdict
from drills.model.timeline import Timeline
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.deductions import commander_repairs
from drills.scoring.version_2.rows.severity import is_right


def improvements(cases: Sequence[Case], card: Scorecard, timeline: Timeline) -> tuple[str, ...]:
    """Concrete sentences, the most weighty first; none for a drill that is not scored."""
    if not card.result.is_scored:
        return ()
    missed = sorted(
        (row for row in card.rows if row.verdict is Verdict.MISSED), key=lambda row: row.points - row.weight
    )
    said = [_of_row(timeline, row) for row in missed]
    said += [*_of_recovery(cases, timeline), *_of_deductions(cases, card, timeline)]
    return tuple(dict.fromkeys(sentence for sentence in said if sentence))


def _of_row(timeline: Timeline, row: Row) -> str:
    late = _late(row)
    match row.topic:
        case Topic.SILENCE:
            return "Find out why monitoring spoke although nothing was wrong, and raise the threshold or its duration."
        case Topic.UPDATE_CADENCE:
            return f"Set a timer for the next update as soon as one is posted: {row.reason}."
        case Topic.DECISION:
            return f"Take the decision by the playbook's rule, and carry it out: {row.reason}."
        case Topic.SEVERITY:
            return f"Read the severity off the playbook's thresholds, and correct it when they change: {row.reason}."
        case Topic.ESCALATION:
            return f"Bring in the next rung of the ladder when its time has come: “{row.label}” was {late}."
        case Topic.TRIAGE:
            return f"Rehearse the first minutes: “{row.label.removeprefix('Triage: ')}” was {late}."
        case Topic.PHASE:
            return f"The phase “{row.label.removeprefix('Phase: ')}” was over its deadline: {row.reason}."
        case Topic.TARGET:
            return f"The playbook's target for mitigation was not met: it was {late}."
        case _:
            return _of_milestone(timeline, row, late)


def _of_milestone(timeline: Timeline, row: Row, late: str) -> str:
    runbook = timeline.start.responder is ResponderKind.RUNBOOK
    truth = timeline.start.scenario.truth
    return {
        Milestone.DETECTED: f"Make monitoring notice earlier ({late}): a shorter probe interval, a probe of what users "
        "do, or a shorter duration of the threshold.",
        Milestone.ACKNOWLEDGED: f"Bring the page to somebody sooner: the alert was acknowledged {late}.",
        Milestone.SEVERITY_DECLARED: f"Declare a severity early and correct it later: it was {late}.",
        Milestone.COMMANDER_NAMED: f"Name a commander as soon as the incident is declared: it was {late}.",
        Milestone.FIRST_UPDATE: f"Post a first update from the template at once, even without a cause: it was {late}.",
        Milestone.STATUS_PAGE: f"Tell users on the status page sooner: it was {late}.",
        Milestone.CAUSE_NAMED: f"Make the cause easier to find: it was “{truth.cause if truth else 'unknown'}”, and "
        "was not named for good.",
        Milestone.MITIGATED: (
            f"Shorten the runbook's way to the step that repairs: mitigation was {late}."
            if runbook
            else f"Write down, or automate, the step that repairs: mitigation was {late}."
        ),
        Milestone.ALL_CLEAR: f"Declare the all clear once users have been well for the settle time: it was {late}.",
    }.get(row.milestone, "")


def _late(row: Row) -> str:
    if row.censored or row.actual is None:
        return "not reached"
    if row.limit is None:
        return "wrong"
    return f"{humane(row.actual)}, with a limit of {humane_limit(row.limit)}"


def _of_recovery(cases: Sequence[Case], timeline: Timeline) -> Iterator[str]:
    recoveries = {case.credit.recovery for case in cases if case.incident.impact.first_impact is not None}
    if Recovery.TEMPORARY in recoveries:
        yield "Look for what the repair left in place: users suffered again after it."
    if Recovery.DEGRADED in recoveries:
        yield "Plan how to leave the fallback again: users were served, but not with everything."
    if Recovery.SELF in recoveries:
        yield "Nothing that was done is credited with the recovery: find out what ended the impact."
    finished = timeline.last(RunbookFinished)
    if finished is not None and not finished.ok:
        yield f"Mend the runbook's step “{finished.stopped_at or 'unknown'}”: it stopped there."


def _of_deductions(cases: Sequence[Case], card: Scorecard, timeline: Timeline) -> Iterator[str]:
    if card.false_alarms and not timeline.start.scenario.is_control:
        yield "Make the alerts quieter in a steady state: one was raised before anything was wrong."
    if card.premature_all_clear:
        yield "Look at what users get, not at health endpoints, before an all clear."
    truth = timeline.start.scenario.truth
    if truth is not None and any(event.cause != truth.cause for case in cases for event in case.said.causes):
        yield "Confirm a cause with one more observation before naming it."
    if any(not is_right(case, event) for case in cases for event in case.said.declared):
        yield "Read the severity off the playbook's thresholds before declaring it."
    if any(commander_repairs(case) for case in cases):
        yield "Let the commander command: the playbook wants somebody else to repair."
    if timeline.first(HintTaken) is not None:
        yield "Put what the hints said into the runbook."
