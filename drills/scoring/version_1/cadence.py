"""How often users and the team are told, as a demand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from drills.model.durations import humane
from drills.model.events import UpdatePosted
from drills.model.playbook import Milestone
from drills.model.scorecard import Basis, Topic
from drills.scoring.version_1.case import Case, triage_limit
from drills.scoring.version_1.rows import Demand
from drills.scoring.version_1.weights import CADENCE_WEIGHT


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
        limit_says=f"every {humane(every.within)}",
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
    first = triage_limit(case, Milestone.FIRST_UPDATE)
    within = min(first.within, every.within) if first is not None and first.within is not None else every.within
    return since + within.total_seconds(), "the update before"
