"""What nothing is worth: the score that the same drill would have had without a real response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from drills.model.events import CauseNamed, CommanderNamed, Decided, ResponderKind, SeverityDeclared, UpdatePosted
from drills.model.playbook import Audience, Choice, MessageStatus
from drills.model.scorecard import Baseline, Recovery
from drills.model.timeline import Timeline
from drills.scoring.sums import earned_above, total
from drills.scoring.version_2 import deductions
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.cases import silent
from drills.scoring.version_2.false_alarms import FalseAlarm
from drills.scoring.version_2.remedies import Credit
from drills.scoring.version_2.rows import all_rows
from drills.scoring.version_2.said import NOTHING, Said


def baselines(timeline: Timeline, cases: Sequence[Case], alarms: Sequence[FalseAlarm]) -> tuple[Baseline, ...]:
    """Nobody; and of a person, one who only acknowledges, and one who always says the same at once.

    None of them repairs anything. What users suffered is taken as it was measured: how it had gone on is unknown.
    """
    if not cases or timeline.start.scenario.is_control:
        return ()
    idle = [_idle(case) for case in cases]
    kinds = _KINDS if timeline.start.responder is ResponderKind.PERSON else {"nobody": _KINDS["nobody"]}
    return tuple(
        Baseline(
            name=name, says=says, score=_score([replace(case, said=said(case)) for case in idle], timeline, alarms)
        )
        for name, (says, said) in kinds.items()
    )


def _idle(case: Case) -> Case:
    """The incident with nothing said and nothing changed."""
    impact = case.incident.impact
    recovery = Recovery.SELF if impact.settled_since is not None else case.credit.recovery
    return replace(silent(case), changes=(), credit=Credit(recovery))


def _score(cases: Sequence[Case], timeline: Timeline, alarms: Sequence[FalseAlarm]) -> float:
    rows = [row for case in cases for row in all_rows(case)]
    taken_off = deductions.of_monitoring(alarms)
    if timeline.start.responder is ResponderKind.PERSON:
        unsaid = [row for case in cases for row in all_rows(silent(case))]
        taken_off = (*taken_off, *deductions.of_mistakes(cases, earned_above(rows, unsaid)))
    return total(rows, taken_off)


def _nothing(_: Case) -> Said:
    return NOTHING


def _acknowledging(case: Case) -> Said:
    """The alert that detected, as soon as it fired."""
    page = case.incident.detection
    alerts = {} if page is None else {page.alert.alert_id: page.t}
    return Said(acknowledged=alerts, taken=tuple(alerts.values()))


def _always_the_same(case: Case) -> Said:
    """Acknowledges, declares the worst level, names a commander, posts, decides to roll back, names the first cause."""
    at = case.timeline.start.at
    t = case.incident.response
    truth = case.scenario.truth
    message = {"status": MessageStatus.INVESTIGATING, "text": "we are looking into it", "message": ""}
    return replace(
        _acknowledging(case),
        declared=(SeverityDeclared(t=t, at=at, level=case.playbook.levels[0].name),),
        commanders=(CommanderNamed(t=t, at=at, commander="the same as always"),),
        updates=tuple(UpdatePosted(t=t, at=at, audience=audience, **message) for audience in Audience),
        causes=(CauseNamed(t=t, at=at, cause=sorted(truth.among)[0]),) if truth is not None else (),
        decisions=(Decided(t=t, at=at, choice=Choice.ROLLBACK),),
    )


_KINDS: Mapping[str, tuple[str, Callable[[Case], Said]]] = {
    "nobody": ("nobody says or does anything", _nothing),
    "acknowledging": ("somebody acknowledges the alert at once, and nothing else", _acknowledging),
    "constant": ("somebody says the same at once in every drill, and repairs nothing", _always_the_same),
}
