"""The limits of a drill: what the playbook asks at the true severity, and what the scenario asks, as rows.

Clocks: detection and mitigation count from the first user impact; the response counts from detection. A detection
that came too late, or never, buys nobody time: then the response counts from the first impact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from drills.core.decisions import Cause, Decision
from drills.core.events import ResponderKind, UpdatePosted
from drills.core.impact import ImpactAssessment
from drills.core.milestones import Milestones
from drills.core.playbook import Level, Limit, Milestone, TriageStep
from drills.core.rows import Demand, plain
from drills.core.scorecard import Basis, Topic
from drills.core.timeline import Timeline
from drills.core.weights import CADENCE_WEIGHT, DECISION_WEIGHT, PLAYBOOK_WEIGHTS, SCENARIO_WEIGHTS

LABELS = {
    Milestone.DETECTED: "Detected",
    Milestone.ACKNOWLEDGED: "Acknowledged",
    Milestone.SEVERITY_DECLARED: "Severity declared",
    Milestone.COMMANDER_NAMED: "Commander named",
    Milestone.FIRST_UPDATE: "First update",
    Milestone.STATUS_PAGE: "Status page",
    Milestone.CAUSE_NAMED: "Cause named",
    Milestone.MITIGATED: "Mitigated",
    Milestone.ALL_CLEAR: "All clear",
    Milestone.POST_MORTEM: "Post-mortem",
}

#: Milestones that the included responders other than a person are not asked for, unless they did reach them.
HUMAN = frozenset(Milestone) - {
    Milestone.INJECTED,
    Milestone.FIRST_IMPACT,
    Milestone.DETECTED,
    Milestone.MITIGATED,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One drill as its limits see it: what happened, at which level, who responds, and until when it is scored."""

    timeline: Timeline
    impact: ImpactAssessment
    milestones: Milestones
    level: Level | None
    cause: Cause
    decision: Decision | None
    end: float

    @property
    def is_person(self) -> bool:
        return self.timeline.start.responder is ResponderKind.PERSON

    @property
    def impact_clock(self) -> tuple[float | None, str]:
        """The start of the incident: the first user impact, or the fault where users are not to be affected."""
        if self.impact.first_impact is None and not self.timeline.start.scenario.users_affected:
            return self.impact.injected, "injection"
        return self.impact.first_impact, "first impact"

    @property
    def response_clock(self) -> tuple[float | None, str]:
        """Detection, if it came in time; else the start of the incident."""
        began, name = self.impact_clock
        detected = self.milestones.at(Milestone.DETECTED)
        within = self.timeline.start.scenario.expect.detected_within
        if detected is None or (within and began is not None and detected - began > within.total_seconds()):
            return began, name
        return detected, "detection"

    def excuse(self, milestone: Milestone, reached: float | None) -> str:
        """Why this milestone is not asked of this responder; empty when it is."""
        if self.is_person or milestone not in HUMAN or reached is not None:
            return ""
        return "asked of a person only"


def scenario_demands(case: Case) -> Iterator[Demand]:
    """The scenario's own limits on detection and mitigation."""
    expect = case.timeline.start.scenario.expect
    began, clock = case.impact_clock
    for milestone, within, decides, excuse in (
        (Milestone.DETECTED, expect.detected_within, True, ""),
        (
            Milestone.MITIGATED,
            expect.mitigated_within,
            not case.is_person,
            "the scenario's limit is for a runbook; a person is held to the playbook's" if case.is_person else "",
        ),
    ):
        if within is None and milestone is Milestone.MITIGATED:
            continue
        yield Demand(
            milestone=milestone,
            label=LABELS[milestone],
            basis=Basis.SCENARIO,
            since=began,
            counted_from=clock,
            limit=within.total_seconds() if within is not None else None,
            limit_says=f"within {plain(within)}" if within is not None else "the scenario states no limit",
            reached=case.milestones.at(milestone),
            source=f"scenario: {milestone}-within",
            weight=SCENARIO_WEIGHTS[milestone],
            decides=decides,
        ).unless(excuse)


def playbook_demands(case: Case) -> Iterator[Demand]:
    """What the playbook's level asks, milestone by milestone; nothing when no level applies."""
    level = case.level
    if level is None:
        return
    yield _limited(case, Milestone.ACKNOWLEDGED, level.respond, case.response_clock)
    for milestone in (Milestone.SEVERITY_DECLARED, Milestone.COMMANDER_NAMED):
        limit = _of_triage(case, milestone)
        if limit is not None or milestone is Milestone.SEVERITY_DECLARED:
            yield _limited(case, milestone, limit, case.response_clock)
    first = _of_triage(case, Milestone.FIRST_UPDATE) or level.update_every
    if first is not None:
        yield _limited(case, Milestone.FIRST_UPDATE, first, case.response_clock)
    page = level.status_page or _of_triage(case, Milestone.STATUS_PAGE)
    if page is not None:
        yield _limited(case, Milestone.STATUS_PAGE, page, case.response_clock)
    if level.mitigate is not None:
        yield _limited(case, Milestone.MITIGATED, level.mitigate, case.impact_clock)
    if level.resolve is not None:
        yield _limited(case, Milestone.ALL_CLEAR, level.resolve, case.impact_clock)
    if level.post_mortem is not None:
        yield _limited(case, Milestone.POST_MORTEM, level.post_mortem, (case.end, "the end of the drill"))


def _of_triage(case: Case, milestone: Milestone) -> Limit | None:
    """The minute of the triage list's first timed step that stands for this milestone at this level."""
    for step in case.timeline.start.playbook.triage:
        if step.milestone is milestone and step.by is not None and is_for(step, case.level):
            return Limit(within=step.by, source=step.source)
    return None


def is_for(step: TriageStep, level: Level | None) -> bool:
    """Whether a step of the triage list is for this level."""
    return level is not None and (not step.levels or level.name in step.levels)


def _limited(case: Case, milestone: Milestone, limit: Limit | None, clock: tuple[float | None, str]) -> Demand:
    reached = case.milestones.at(milestone)
    within = limit.within if limit else None
    return Demand(
        milestone=milestone,
        label=LABELS[milestone],
        basis=Basis.PLAYBOOK,
        since=clock[0],
        counted_from=clock[1],
        limit=within.total_seconds() if within is not None else None,
        limit_says=says(limit),
        reached=reached,
        source=limit.source if limit else "our reading: an incident has a severity",
        weight=PLAYBOOK_WEIGHTS[milestone],
        decides=case.is_person,
        by_end=limit is None,
    ).unless(case.excuse(milestone, reached))


def says(limit: Limit | None) -> str:
    """The limit in words: the document's own where it has some."""
    if limit is None:
        return "before the drill ends"
    if limit.within is None:
        return limit.says
    return limit.says or f"within {plain(limit.within)}"


def cause_demand(case: Case) -> Demand | None:
    """The true cause, among the plausible ones, named and stood by before the drill ends."""
    truth = case.timeline.start.scenario.truth
    if truth is None:
        return None
    since, clock = case.response_clock
    named = case.milestones.at(Milestone.CAUSE_NAMED)
    corrected = Milestone.CAUSE_NAMED in case.milestones.corrected
    reached = (named if corrected else case.cause.right_at) if case.cause.right else None
    return Demand(
        milestone=Milestone.CAUSE_NAMED,
        label=LABELS[Milestone.CAUSE_NAMED],
        basis=Basis.SCENARIO,
        since=since,
        counted_from=clock,
        limit=None,
        limit_says=f"the right one of {len(truth.among)}, before the drill ends",
        reached=reached,
        source="scenario: truth",
        weight=PLAYBOOK_WEIGHTS[Milestone.CAUSE_NAMED],
        by_end=True,
        instead="another cause was named" if case.cause.right is False else "",
    ).unless(case.excuse(Milestone.CAUSE_NAMED, named))


def decision_demand(case: Case) -> Demand | None:
    """Roll back or fix, as the playbook's rules say; absent where the playbook has none."""
    if not case.timeline.start.playbook.decisions or case.level is None:
        return None
    since, clock = case.response_clock
    decision = case.decision
    demand = Demand(
        milestone=Milestone.MITIGATED,
        label="Decision: roll back or fix",
        basis=Basis.PLAYBOOK,
        since=since,
        counted_from=clock,
        limit=None,
        limit_says=decision.why if decision else "as the playbook's rules say",
        reached=decision.t if decision and decision.right else None,
        source=(decision.source if decision else "") or case.timeline.start.playbook.decisions[0].source,
        weight=DECISION_WEIGHT,
        topic=Topic.DECISION,
        by_end=True,
        instead=f"decided to {decision.choice}" if decision and decision.right is False else "",
    )
    if decision is not None and decision.right is None:
        return demand.unless(decision.why)
    return demand.unless("" if case.is_person or decision else "asked of a person only")


def cadence_demand(case: Case) -> Demand | None:
    """Once the first update is due, no longer silence than the level's cadence, until the all-clear or the end.

    Measured is the longest silence, so that an update left out never looks better than a late one; counted from when
    the first update is due, so that posting it early tightens nothing.
    """
    every = case.level.update_every if case.level else None
    due, clock = _first_update_due(case)
    if every is None or every.within is None or due is None:
        return None
    cadence = every.within.total_seconds()
    cleared = case.milestones.at(Milestone.ALL_CLEAR)
    until = max(due, case.end if cleared is None else cleared)
    posted = [update.t for update in case.timeline.all(UpdatePosted) if due < update.t <= until]
    longest = max(now - before for before, now in pairwise([due, *posted, until]))
    told = case.milestones.at(Milestone.FIRST_UPDATE) is not None
    demand = Demand(
        milestone=Milestone.FIRST_UPDATE,
        label="Update cadence",
        basis=Basis.PLAYBOOK,
        since=due,
        counted_from=clock,
        limit=cadence,
        limit_says=f"every {plain(every.within)}",
        reached=due + longest if told else None,
        source=every.source,
        weight=CADENCE_WEIGHT,
        topic=Topic.UPDATE_CADENCE,
        decides=case.is_person,
    )
    if case.end <= due + cadence:
        return replace(demand, reached=None).unless("the drill was over before another update was due")
    return demand.unless("" if case.is_person or told else "asked of a person only")


def _first_update_due(case: Case) -> tuple[float | None, str]:
    since, _ = case.response_clock
    every = case.level.update_every if case.level else None
    if since is None or every is None or every.within is None:
        return None, ""
    first = _of_triage(case, Milestone.FIRST_UPDATE)
    within = min(first.within, every.within) if first is not None and first.within is not None else every.within
    return since + within.total_seconds(), "the update before"


def last_resort(case: Case) -> Demand:
    """Users are to be served before the drill ends.

    Asked where no limit of the scenario on mitigation applies, or it is still open when the drill ends: a drill in
    which users were never served again cannot have a good score only because its limits are written in hours.
    """
    since, clock = case.impact_clock
    limit = case.timeline.start.scenario.limits.duration
    return Demand(
        milestone=Milestone.MITIGATED,
        label="Mitigated in the drill",
        basis=Basis.SCENARIO,
        since=since,
        counted_from=clock,
        limit=None,
        limit_says=f"before the drill ends, after {plain(limit)} at most",
        reached=case.milestones.at(Milestone.MITIGATED),
        source="scenario: limits",
        weight=SCENARIO_WEIGHTS[Milestone.MITIGATED],
        decides=True,
        by_end=True,
    )


def without_impact(demand: Demand, case: Case) -> Demand:
    """Mitigation is not asked where no user was affected."""
    if demand.milestone is Milestone.MITIGATED and case.impact.first_impact is None:
        return replace(demand.unless("no user was affected"), reached=None)
    return demand
