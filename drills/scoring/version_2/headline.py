"""One sentence about a drill for somebody who was not there: what was really done, not what was decided."""

from __future__ import annotations

from collections.abc import Sequence

from drills.model.durations import humane, humane_limit
from drills.model.events import ResponderKind
from drills.model.playbook import Milestone
from drills.model.scenario import Scenario
from drills.model.scorecard import DrillResult, Impact, Recovery, Row, Scorecard, Topic, Verdict
from drills.model.timeline import Timeline
from drills.scoring.version_2.case import Case


def headline(cases: Sequence[Case], card: Scorecard, timeline: Timeline) -> str:
    """What users suffered, when it was noticed, what was done and how long that took, against the limit."""
    if card.result is DrillResult.RUNNING:
        return "The drill is still running."
    if not card.result.is_scored:
        return f"This drill was {card.result} and is not scored: {card.why_not}."
    if timeline.start.scenario.is_control:
        return _control(card)
    told = [f"{_noticed(case)}; {_mended(case, card)}" for case in cases]
    if len(told) > 1:
        told = [f"incident {number}: {said}" for number, said in enumerate(told, start=1)]
    return "; ".join([_suffered(cases, card.impact), *told]) + "."


def _control(card: Scorecard) -> str:
    minutes = humane(card.duration)
    if not card.false_alarms:
        return f"Nothing was injected for {minutes}, and nobody was alarmed."
    times = "once" if card.false_alarms == 1 else f"{card.false_alarms} times"
    return f"Nothing was injected for {minutes}, yet an alarm was raised {times}."


def _suffered(cases: Sequence[Case], impact: Impact) -> str:
    affected = [case for case in cases if case.incident.impact.first_impact is not None]
    if not affected or impact.seconds is None:
        return "No user was affected"
    routes = sorted(impact.by_route, key=lambda name: -impact.by_route[name])
    baseline = affected[0].incident.impact.baseline
    known = baseline.routes if baseline else {}
    hit = [name for name in routes if name in known]
    who = "Users everywhere" if len(hit) > 2 and len(hit) == len(known) else f"Users of {_listed(hit[:3])}"
    late = impact.slow + impact.missed
    what = (
        "waited too long"
        if not impact.failed
        else "got errors"
        if late * 10 < impact.failed
        else "got errors or waited too long"
    )
    so_far = "" if all(case.incident.served is not None for case in affected) else "at least "
    return f"{who} {what} for {so_far}{humane(impact.seconds)} ({impact.share:.0%} of requests)"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _noticed(case: Case) -> str:
    detected, began = case.incident.detected, case.incident.start
    if detected is None:
        return "monitoring never noticed"
    if detected < began:
        return f"monitoring noticed {humane(began - detected)} before any user did"
    return f"monitoring noticed after {humane(detected - began)}"


def _mended(case: Case, card: Scorecard) -> str:
    began = case.incident.impact.first_impact
    if began is None:
        return "nothing had to be mitigated"
    if case.mitigated is None:
        return {
            Recovery.SELF: "users recovered by themselves; nothing that was done is credited",
            Recovery.TEMPORARY: "a repair helped for a while only, and users suffer still",
        }.get(case.credit.recovery, "it was not mitigated")
    took = humane(case.mitigated - began)
    state = "served again, by a fallback," if case.credit.recovery is Recovery.DEGRADED else "healthy again"
    return f"{_done(case)} and {state} after {took}{_against(case, card)}"


def _done(case: Case) -> str:
    if any(change.rolls_back for change in case.credit.by):
        return "rolled back"
    runbook = case.timeline.start.responder is ResponderKind.RUNBOOK
    return "repaired by the runbook" if runbook else "repaired"


def _against(case: Case, card: Scorecard) -> str:
    row = _deciding(case, card)
    if row is None or row.limit is None or row.actual is None:
        return ""
    limit = f"the scenario's limit of {humane_limit(row.limit)}"
    if row.verdict is Verdict.MISSED:
        return f", over {limit}"
    return f", well within {limit}" if row.actual * 2 <= row.limit else f", within {limit}"


def _deciding(case: Case, card: Scorecard) -> Row | None:
    number = case.incident.number
    rows = (row for row in card.rows if row.incident == number and row.topic is Topic.MILESTONE)
    return next((row for row in rows if row.milestone is Milestone.MITIGATED), None)


def recovery_says(cases: Sequence[Case], scenario: Scenario) -> str:
    """The kind of recovery in words, of the incident that recovered worst."""
    affected = [case for case in cases if case.incident.impact.first_impact is not None]
    if not affected:
        return "no user was affected"
    settle = humane(scenario.settle)
    case = min(affected, key=lambda each: tuple(Recovery).index(each.credit.recovery))
    said = {
        Recovery.NONE: f"users were not well for {settle} under the load from before",
        Recovery.TEMPORARY: "users were well for a while and suffered again before the drill ended",
        Recovery.SELF: _by_itself(case),
        Recovery.DEGRADED: f"users are served, {case.incident.impact.degraded:.0%} of a route's answers by a fallback",
        Recovery.FULL: f"users were well for {settle} and more under the load from before",
    }
    return said[case.credit.recovery]


def _by_itself(case: Case) -> str:
    if not case.credit.uncredited:
        return "users recovered before the responder had changed anything: not credited to the responder"
    names = ", ".join(dict.fromkeys(change.words[0] for change in case.credit.uncredited if change.words))
    return f"users recovered, and what was changed is none of the scenario's remedies: {names}"
