"""The limits of a drill: what the playbook asks at the true severity, and what the scenario asks, as demands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drills.model.durations import humane
from drills.model.playbook import Limit, Milestone
from drills.model.scorecard import Basis
from drills.scoring.version_1.case import Case, triage_limit
from drills.scoring.version_1.rows import Demand
from drills.scoring.version_1.weights import PLAYBOOK_WEIGHTS, SCENARIO_WEIGHTS

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
            limit_says=f"within {humane(within)}" if within is not None else "the scenario states no limit",
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
        limit = triage_limit(case, milestone)
        if limit is not None or milestone is Milestone.SEVERITY_DECLARED:
            yield _limited(case, milestone, limit, case.response_clock)
    first = triage_limit(case, Milestone.FIRST_UPDATE) or level.update_every
    if first is not None:
        yield _limited(case, Milestone.FIRST_UPDATE, first, case.response_clock)
    page = level.status_page or triage_limit(case, Milestone.STATUS_PAGE)
    if page is not None:
        yield _limited(case, Milestone.STATUS_PAGE, page, case.response_clock)
    if level.mitigate is not None:
        yield _limited(case, Milestone.MITIGATED, level.mitigate, case.impact_clock)
    if level.resolve is not None:
        yield _limited(case, Milestone.ALL_CLEAR, level.resolve, case.impact_clock)
    if level.post_mortem is not None:
        yield _limited(case, Milestone.POST_MORTEM, level.post_mortem, (case.end, "the end of the drill"))


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
    return "before the drill ends" if limit is None else limit.stated


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
        limit_says=f"before the drill ends, after {humane(limit)} at most",
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
