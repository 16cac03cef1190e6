"""A second implementation of docs/scoring.md, section by section: plain, slow, sharing no code with drills/scoring.

It exists to be compared with: hand-worked cards and generated timelines are scored by both. Where the text can be read
in two ways the reading taken is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from drills.model import events as e
from drills.model.acknowledging import open_alerts
from drills.model.events import ResponderKind
from drills.model.playbook import Audience, MessageStatus, Milestone
from drills.model.timeline import Timeline
from tests.scripted.naive_measuring import Incident, Measured, incidents_of, person_acts, suffers_at, without_pauses
from tests.scripted.naive_rows import Line, Rows, detected_row, mitigated_row


@dataclass
class Card:
    lines: list[Line] = field(default_factory=list)
    deductions: list[tuple[str, float]] = field(default_factory=list)
    score: float = 0.0
    result: str = ""


# ---- the whole ------------------------------------------------------------------------------------------------------


def naive_card(timeline: Timeline, measured: Measured | None = None) -> Card:
    """The scorecard of a valid drill that has ended. `measured` may be given where it was measured before."""
    timeline = without_pauses(timeline)
    incidents = incidents_of(timeline, measured)
    card = Card()
    start = timeline.start
    person = start.responder is ResponderKind.PERSON
    acts = corrected(timeline)
    for incident in incidents:
        card.lines += rows_of_person(timeline, acts, incident) if person else rows_of_robot(timeline, incident)
    weights = sum(line.weight for line in card.lines)
    points = sum(line.points for line in card.lines)
    monitoring = [("false alarm", 5.0)] * min(4, false_alarms(timeline))
    mistakes: list[tuple[str, float]] = []
    premature = disobeyed = False
    if person:
        for incident in incidents:
            found = mistakes_of(timeline, acts, incident)
            premature = premature or any(name == "premature" for name, _ in found)
            disobeyed = disobeyed or any(name == "commander" for name, _ in found)
            mistakes += found
        mistakes = at_most([*mistakes, *[("hint", 2.0) for _ in timeline.all(e.HintTaken)]])
        silent = sum(
            line.points for incident in incidents for line in rows_of_person(timeline, [], incident.without_closing())
        )
        left = max(0.0, 100 * (points - silent) / weights)
        capped = []
        for name, cost in mistakes:
            capped.append((name, min(cost, left)))
            left -= capped[-1][1]
        mistakes = capped
    card.deductions = [*monitoring, *mistakes]
    score = 100 * points / weights - sum(cost for _, cost in card.deductions)
    card.score = round(min(100.0, max(0.0, score)), 2)
    served = all(incident.served for incident in incidents) and all(one.detected is not None for one in incidents)
    missed = any(line.verdict == "missed" and line.decides for line in card.lines)
    good = served and not missed and not premature and not disobeyed and card.score >= 70
    card.result = "met" if good and start.responder is not ResponderKind.NONE else "missed"
    return card


def rows_of_robot(timeline: Timeline, incident: Incident) -> list[Line]:
    expect, limits = timeline.start.scenario.expect, timeline.start.scenario.limits
    within = expect.mitigated_within or limits.duration * 2 / 3
    return [detected_row(timeline, incident), *mitigated_row(incident, within.total_seconds())]


def rows_of_person(timeline: Timeline, acts: Sequence[e.Base], incident: Incident) -> list[Line]:
    """`acts` are all of the drill's; only those from R to C count."""
    expect, limits = timeline.start.scenario.expect, timeline.start.scenario.limits
    within = expect.mitigated_within_by_person
    if within is None:
        within = max(limits.duration * 2 / 3, expect.mitigated_within or limits.duration * 0)
    rows = Rows(timeline, [act for act in acts if incident.response <= act.t <= incident.closed], incident)
    return [
        detected_row(timeline, incident),
        *mitigated_row(incident, within.total_seconds()),
        *rows.mitigation_target(),
        *rows.acknowledged(),
        *rows.severity(),
        *rows.commander(),
        *rows.first_update(),
        *rows.cadence(),
        *rows.status_page(),
        *rows.cause(),
        *rows.decision(),
        *rows.escalated(),
        *rows.all_clear(),
        *rows.triage(),
    ]


# ---- 7. deductions --------------------------------------------------------------------------------------------------


def false_alarms(timeline: Timeline) -> int:
    """Alerts from the beginning of the steady state to the fault."""
    held, fault = timeline.first(e.SteadyStateHeld), timeline.first(e.FaultApplied)
    begin = held.t - held.seconds if held is not None else 0.0
    return sum(1 for alert in timeline.all(e.AlertFired) if begin <= alert.t < (fault.t if fault else float("inf")))


def mistakes_of(timeline: Timeline, acts: Sequence[e.Base], incident: Incident) -> list[tuple[str, float]]:
    rows = Rows(timeline, [act for act in acts if incident.response <= act.t <= incident.closed], incident)
    truth, playbook = timeline.start.scenario.truth, timeline.start.playbook
    found: list[tuple[str, float]] = []
    for act in rows.acts:
        resolved = isinstance(act, e.UpdatePosted) and act.status is MessageStatus.RESOLVED
        if (isinstance(act, e.AllClear) or resolved) and suffers_at(incident, act.t):
            found.append(("premature", 15.0))
            break
    wrong = {act.cause for act in rows.acts if isinstance(act, e.CauseNamed) and truth and act.cause != truth.cause}
    found += [("wrong cause", 5.0)] * len(wrong)
    declared = [act for act in rows.acts if isinstance(act, e.SeverityDeclared)]
    found += [("wrong level", 3.0)] * sum(not rows.is_right(act.level, act.t) for act in declared)
    commanders = [act for act in rows.acts if isinstance(act, e.CommanderNamed)]
    if not playbook.commander_may_repair and commanders and any(
        is_commander(commanders, change.who, change.t - change.seconds) for change in incident.changes
    ):  # fmt: skip
        found.append(("commander", 5.0))
    return found


def at_most(mistakes: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Without those that are over what their kind costs at most in a drill."""
    most, kept = {"wrong cause": 10.0, "wrong level": 9.0, "commander": 5.0, "hint": 6.0}, []
    for kind, cost in mistakes:
        if sum(each for name, each in kept if name == kind) + cost <= most.get(kind, float("inf")):
            kept.append((kind, cost))
    return kept


def is_commander(commanders: Sequence[e.CommanderNamed], who: str, t: float) -> bool:
    """Whether `who` ran a command at `t` is the one who commanded then."""
    named = [commander for commander in commanders if commander.t <= t]
    return bool(who and named) and named[-1].commander.strip().casefold() == who.strip().casefold()


# ---- 9. corrections -------------------------------------------------------------------------------------------------


def corrected(timeline: Timeline) -> list[e.Base]:
    """What the responder said and did, as corrected: the first such act was at another time, or was made at all."""
    acts = person_acts(timeline)
    for correction in timeline.all(e.Corrected):
        kind, fits = _CORRECTED[correction.milestone]
        mine = [act for act in acts if isinstance(act, kind) and fits(act)]
        if mine:
            acts.remove(mine[0])
            acts.append(_at(timeline, mine[0], correction.when))
        elif correction.milestone in _WITHOUT_CONTENT:
            made = kind.model_validate(
                {"t": correction.when, "at": timeline.start.at, **_WITHOUT_CONTENT[correction.milestone]}
            )
            acts.append(_at(timeline, made, correction.when))
    return sorted(acts, key=lambda act: act.t)


def _at(timeline: Timeline, act: e.Base, t: float) -> e.Base:
    changed: dict[str, object] = {"t": t}
    if isinstance(act, e.Acknowledged) and not act.alerts:
        changed["alerts"] = tuple(alert.alert_id for alert in open_alerts(timeline, act.t))
    return act.model_copy(update=changed)


_CORRECTED: dict[Milestone, tuple[type[e.Base], Callable[[e.Base], bool]]] = {
    Milestone.ACKNOWLEDGED: (e.Acknowledged, lambda act: True),
    Milestone.SEVERITY_DECLARED: (e.SeverityDeclared, lambda act: True),
    Milestone.COMMANDER_NAMED: (e.CommanderNamed, lambda act: True),
    Milestone.FIRST_UPDATE: (e.UpdatePosted, lambda act: True),
    Milestone.STATUS_PAGE: (
        e.UpdatePosted, lambda act: isinstance(act, e.UpdatePosted) and act.audience is Audience.STATUS_PAGE,
    ),
    Milestone.CAUSE_NAMED: (e.CauseNamed, lambda act: True),
    Milestone.ALL_CLEAR: (e.AllClear, lambda act: True),
}  # fmt: skip
_WITHOUT_CONTENT: dict[Milestone, dict[str, object]] = {
    Milestone.ACKNOWLEDGED: {},
    Milestone.COMMANDER_NAMED: {"commander": "whoever it was"},
    Milestone.ALL_CLEAR: {},
}
