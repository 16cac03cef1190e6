"""The playbook's triage steps and phases, as rows that say which were met; together they weigh little."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.durations import humane
from drills.model.events import StepChecked
from drills.model.playbook import Milestone, Phase, TriageStep
from drills.model.scorecard import Basis, Topic
from drills.scoring.version_1.case import HUMAN, Case, is_for
from drills.scoring.version_1.rows import Demand
from drills.scoring.version_1.weights import PHASES_WEIGHT, TRIAGE_WEIGHT

#: Steps of the triage list whose minute is already the limit of the milestone's own row.
_OWN_ROW = frozenset({Milestone.SEVERITY_DECLARED, Milestone.COMMANDER_NAMED, Milestone.FIRST_UPDATE})


def triage_demands(case: Case) -> Iterator[Demand]:
    """A row for each timed step of the first-response list that is for this level.

    A step that stands for a milestone is done when that is reached; any other when it is ticked.
    """
    if case.level is None:
        return
    steps = [
        (index, step)
        for index, step in enumerate(case.timeline.start.playbook.triage)
        if is_for(step, case.level) and not _has_own_row(step, case)
    ]
    for index, step in steps:
        yield _triage(case, index, step, round(TRIAGE_WEIGHT / len(steps), 2))


def _has_own_row(step: TriageStep, case: Case) -> bool:
    if step.milestone is Milestone.STATUS_PAGE:
        return case.level is not None and case.level.status_page is None
    return step.milestone in _OWN_ROW


def _triage(case: Case, index: int, step: TriageStep, weight: float) -> Demand:
    ticked = min(
        (event.t for event in case.timeline.all(StepChecked) if event.step == index and event.t <= case.end),
        default=None,
    )
    reached = ticked if step.milestone is None else case.milestones.at(step.milestone)
    since, clock = case.response_clock
    return Demand(
        milestone=step.milestone or Milestone.ACKNOWLEDGED,
        label=f"Triage: {step.step}",
        basis=Basis.PLAYBOOK,
        since=since,
        counted_from=clock,
        limit=step.by.total_seconds() if step.by is not None else None,
        limit_says=f"by {humane(step.by)}" if step.by is not None else "no minute is stated",
        reached=reached,
        source=step.source,
        weight=weight,
        topic=Topic.TRIAGE,
    ).unless(_excuse(case, step.milestone, reached))


def phase_demands(case: Case) -> Iterator[Demand]:
    """A row for each phase of the response: it is met when the milestone that ends it was reached by its deadline."""
    if case.level is None:
        return
    phases = [phase for phase in case.timeline.start.playbook.phases if is_for(phase, case.level)]
    for phase in phases:
        yield _phase(case, phase, round(PHASES_WEIGHT / len(phases), 2))


def _phase(case: Case, phase: Phase, weight: float) -> Demand:
    reached = case.milestones.at(phase.ends_with)
    since, clock = case.response_clock
    if phase.ends_with is Milestone.DETECTED:
        since, clock = case.impact_clock
    return Demand(
        milestone=phase.ends_with,
        label=f"Phase: {phase.name}",
        basis=Basis.PLAYBOOK,
        since=since,
        counted_from=clock,
        limit=phase.by.total_seconds() if phase.by is not None else None,
        limit_says=f"by {humane(phase.by)}" if phase.by is not None else "no deadline is stated",
        reached=reached,
        source=phase.source,
        weight=weight,
        topic=Topic.PHASE,
    ).unless(_excuse(case, phase.ends_with, reached))


def _excuse(case: Case, milestone: Milestone | None, reached: float | None) -> str:
    if case.is_person or reached is not None or (milestone is not None and milestone not in HUMAN):
        return ""
    return "asked of a person only"
