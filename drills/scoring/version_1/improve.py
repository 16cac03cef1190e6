"""What to do better, from what was missed: about the system, the runbook and the process, never about people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from drills.model.durations import humane
from drills.model.events import HintTaken, ResponderKind, RunbookFinished
from drills.model.playbook import Milestone
from drills.model.scorecard import Recovery, Row, Scorecard, Topic, Verdict
from drills.scoring.version_1.case import Case


def improvements(case: Case, card: Scorecard) -> tuple[str, ...]:
    """Concrete sentences, the most weighty first; none for a drill that is not scored."""
    if not card.result.is_scored:
        return ()
    missed = sorted(
        (row for row in card.rows if row.verdict is Verdict.MISSED), key=lambda row: row.points - row.weight
    )
    said = [_of_row(case, row) for row in missed]
    said += [*_of_recovery(case, card), *_of_deductions(case, card)]
    return tuple(dict.fromkeys(sentence for sentence in said if sentence))


def _of_row(case: Case, row: Row) -> str:
    late = _late(row)
    if row.topic is Topic.SILENCE:
        return "Find out why monitoring spoke although nothing was wrong, and raise the threshold or its duration."
    if row.topic is Topic.UPDATE_CADENCE:
        return f"Set a timer for the next update as soon as one is posted: the longest silence was {late}."
    if row.topic is Topic.DECISION:
        return (
            ""
            if case.decision
            else "Decide early, and aloud, between rolling back and fixing: no decision was recorded."
        )
    if row.topic is Topic.TRIAGE:
        return f"Rehearse the first minutes: “{row.label.removeprefix('Triage: ')}” was {late}."
    if row.topic is Topic.PHASE:
        return f"The phase “{row.label.removeprefix('Phase: ')}” was over its deadline: {row.reason}."
    return _of_milestone(case, row, late)


def _of_milestone(case: Case, row: Row, late: str) -> str:
    runbook = case.timeline.start.responder is ResponderKind.RUNBOOK
    return {
        Milestone.DETECTED: f"Make monitoring notice earlier ({late}): a shorter probe interval, a probe of what users "
        "do, or a shorter duration of the threshold.",
        Milestone.ACKNOWLEDGED: f"Bring the page to somebody sooner: the alert was acknowledged {late}.",
        Milestone.SEVERITY_DECLARED: f"Declare a severity early and correct it later: it was {late}.",
        Milestone.COMMANDER_NAMED: f"Name a commander as soon as the incident is declared: it was {late}.",
        Milestone.FIRST_UPDATE: f"Post a first update from the template at once, even without a cause: it was {late}.",
        Milestone.STATUS_PAGE: f"Tell users on the status page sooner: it was {late}.",
        Milestone.CAUSE_NAMED: f"Make the cause easier to find: it was “{_cause(case)}”, and was not named for good.",
        Milestone.MITIGATED: (
            f"Shorten the runbook's way to the step that repairs: mitigation was {late}."
            if runbook
            else f"Write down, or automate, the step that repairs: mitigation was {late}."
        ),
        Milestone.ALL_CLEAR: f"Declare the all clear once users have been well for the settle time: it was {late}.",
        Milestone.POST_MORTEM: f"Draft the post-mortem while memory is fresh: it was {late}.",
    }.get(row.milestone, "")


def _late(row: Row) -> str:
    if row.censored or row.actual is None:
        return "not reached"
    if row.limit is None:
        return "wrong" if row.verdict is Verdict.MISSED else humane(row.actual)
    return f"{humane(row.actual)}, with a limit of {humane(timedelta(seconds=row.limit))}"


def _cause(case: Case) -> str:
    truth = case.timeline.start.scenario.truth
    return truth.cause if truth else "unknown"


def _of_recovery(case: Case, card: Scorecard) -> Iterator[str]:
    if card.recovery is Recovery.TEMPORARY:
        yield "Look for what the repair left in place: users suffered again after it."
    elif card.recovery is Recovery.DEGRADED:
        yield "Plan how to leave the fallback again: users were served, but not with everything."
    elif card.recovery is Recovery.SELF:
        yield "Nothing that was done ended the impact: find out what did."
    finished = case.timeline.last(RunbookFinished)
    if finished is not None and not finished.ok:
        yield f"Mend the runbook's step “{finished.stopped_at or 'unknown'}”: it stopped there."


def _of_deductions(case: Case, card: Scorecard) -> Iterator[str]:
    if card.false_alarms and not case.timeline.start.scenario.is_control:
        yield "Make the alerts quieter in a steady state: one was raised before anything was wrong."
    if card.premature_all_clear:
        yield "Look at what users get, not at health endpoints, before an all clear."
    if case.cause.wrong_at:
        yield "Confirm a cause with one more observation before naming it."
    if card.severity.declared is not None and card.severity.verdict is Verdict.MISSED:
        yield f"Read the severity off the playbook's thresholds: {card.severity.reason}."
    if case.decision is not None and case.decision.right is False:
        yield f"Take the first decision by the playbook's rule: {case.decision.why}."
    if case.timeline.first(HintTaken) is not None:
        yield "Put what the hints said into the runbook."
