"""When users were served again, by the responder: against the scenario's limit, and the playbook's target."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from drills.model.playbook import Milestone
from drills.model.scenario import Scenario
from drills.model.scorecard import Basis, Recovery, Row, Topic
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case, Due
from drills.scoring.version_2.rows.row import Duty, row_of

#: The share of a drill's longest duration that there is where the scenario states no limit.
_OF_THE_DURATION = 2.0 / 3.0


def rows(case: Case) -> Iterator[Row]:
    """Always asked where users were affected; the playbook's target, without points, of a person alone."""
    if case.incident.impact.first_impact is None:
        return
    yield _row(case, "Mitigated", limit_of(case.scenario, person=case.is_person), weights.MITIGATED)
    target = case.due(case.incident.start, lambda level: level.mitigate) if case.is_person else None
    if target is not None:
        yield _row(case, "Mitigation target", target, 0.0)


def _row(case: Case, label: str, due: Due, weight: float) -> Row:
    duty = Duty(
        milestone=Milestone.MITIGATED,
        label=label,
        basis=Basis.SCENARIO if weight else Basis.PLAYBOOK,
        since=case.incident.start,
        counted_from="first impact",
        due=due,
        weight=weight,
        topic=Topic.MILESTONE if weight else Topic.TARGET,
    )
    # An all-clear that came too early does not end what users suffer.
    until = case.incident.ended if case.incident.over else None
    return row_of(case, duty, case.mitigated, until=until, instead=_instead(case))


def limit_of(scenario: Scenario, *, person: bool) -> Due:
    """The scenario's limit for a person, or for a runbook or a program; by default part of the drill's duration."""
    expect = scenario.expect
    longest = scenario.limits.duration.total_seconds()
    fallback = timedelta(seconds=round(longest * _OF_THE_DURATION, 3))
    if person and expect.mitigated_within_by_person is not None:
        return Due(expect.mitigated_within_by_person.total_seconds(), "", "scenario: mitigated-within-by-person")
    if expect.mitigated_within is not None and (not person or expect.mitigated_within > fallback):
        return Due(expect.mitigated_within.total_seconds(), "", "scenario: mitigated-within")
    return Due(fallback.total_seconds(), "", "scenario: two thirds of limits.duration")


def _instead(case: Case) -> str:
    return {
        Recovery.SELF: "users recovered by themselves",
        Recovery.TEMPORARY: "a repair helped for a while only",
    }.get(case.credit.recovery, "")
