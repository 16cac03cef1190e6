"""One sentence about a drill for somebody who was not there."""

from __future__ import annotations

from datetime import timedelta

from drills.model.durations import humane
from drills.model.events import Decided, ResponderKind
from drills.model.playbook import Choice, Milestone
from drills.model.scorecard import Basis, DrillResult, Impact, Recovery, Row, Scorecard, Topic, Verdict
from drills.scoring.version_1.case import Case


def headline(case: Case, card: Scorecard) -> str:
    """What users suffered, when it was noticed, what was done and how long that took, against the limit."""
    if card.result is DrillResult.RUNNING:
        return "The drill is still running."
    if not card.result.is_scored:
        return f"This drill was {card.result} and is not scored: {card.why_not}."
    if case.timeline.start.scenario.is_control:
        return _control(card)
    return f"{_suffered(case, card.impact)}; {_noticed(case)}; {_mended(case, card)}."


def _control(card: Scorecard) -> str:
    minutes = humane(card.duration)
    if not card.false_alarms:
        return f"Nothing was injected for {minutes}, and nobody was alarmed."
    times = "once" if card.false_alarms == 1 else f"{card.false_alarms} times"
    return f"Nothing was injected for {minutes}, yet an alarm was raised {times}."


def _suffered(case: Case, impact: Impact) -> str:
    if case.impact.first_impact is None or impact.seconds is None:
        return "No user was affected"
    routes = sorted(impact.by_route, key=lambda name: -impact.by_route[name])
    known = case.impact.baseline.routes if case.impact.baseline else {}
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
    so_far = "" if case.impact.settled_since is not None else "at least "
    return f"{who} {what} for {so_far}{humane(impact.seconds)} ({impact.share:.0%} of requests)"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _noticed(case: Case) -> str:
    detected = case.milestones.at(Milestone.DETECTED)
    if detected is None:
        return "monitoring never noticed"
    began, _ = case.impact_clock
    if began is None:
        return "monitoring noticed"
    if detected < began:
        return f"monitoring noticed {humane(began - detected)} before any user did"
    return f"monitoring noticed after {humane(detected - began)}"


def _mended(case: Case, card: Scorecard) -> str:
    if case.impact.first_impact is None:
        return "nothing had to be mitigated"
    recovered = case.milestones.at(Milestone.MITIGATED)
    if recovered is None:
        return {
            Recovery.SELF: "it went away by itself, without anybody's doing",
            Recovery.TEMPORARY: "a repair helped for a while only, and users suffer still",
        }.get(card.recovery, "it was not mitigated")
    took = humane(recovered - case.impact.first_impact)
    state = "served again, by a fallback," if card.recovery is Recovery.DEGRADED else "healthy again"
    return f"{_done(case)}{state} after {took}{_against(card)}"


def _done(case: Case) -> str:
    decided = case.timeline.last(Decided)
    if decided is not None and decided.choice is Choice.ROLLBACK:
        return "rolled back and "
    if case.timeline.start.responder is ResponderKind.RUNBOOK:
        return "repaired by the runbook and "
    return "repaired and "


def _against(card: Scorecard) -> str:
    row = _deciding(card)
    if row is None or row.limit is None or row.actual is None:
        return ""
    whose = "the scenario's" if row.basis is Basis.SCENARIO else "the playbook's"
    limit = f"{whose} limit of {humane(timedelta(seconds=row.limit))}"
    if row.verdict is Verdict.MISSED:
        return f", over {limit}"
    return f", well within {limit}" if row.actual * 2 <= row.limit else f", within {limit}"


def _deciding(card: Scorecard) -> Row | None:
    """The row of mitigation that decides, one with a number rather than one without."""
    rows = [
        row
        for row in card.rows
        if row.milestone is Milestone.MITIGATED and row.topic is Topic.MILESTONE and row.decides
    ]
    return next((row for row in rows if row.limit is not None), rows[0] if rows else None)


def recovery_says(case: Case) -> str:
    """The kind of recovery in words."""
    impact = case.impact
    settle = humane(case.timeline.start.scenario.settle)
    if impact.first_impact is None:
        return "no user was affected"
    return {
        Recovery.NONE: f"users were not well for {settle} under the load from before",
        Recovery.TEMPORARY: "users were well for a while and suffered again before the drill ended",
        Recovery.SELF: "users were well again before the responder had changed anything: nobody's merit",
        Recovery.DEGRADED: f"users are served, {impact.degraded:.0%} of a route's answers by a fallback",
        Recovery.FULL: f"users were well for {settle} and more under the load from before",
    }[impact.recovery]
