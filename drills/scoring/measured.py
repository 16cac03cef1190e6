"""What held at each moment of a drill: the metrics that a playbook's thresholds name, and the thresholds themselves.

Alerts and this measurement use the same thresholds in the same way: what probes confirm comes from alerting's own
state of each probe, and time in which a value is unknown counts for neither. Only of what the traffic measures it is
the truth, whatever a probe says about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drills.alerting import AlertRules, AlertState, measured, observe, tick
from drills.alerting.state import Holding
from drills.impact.assessment import ImpactAssessment, scored_until
from drills.impact.traffic_metrics import METRICS_WINDOW, traffic_metrics
from drills.impact.windows import Window, windows
from drills.model.conditions import compile_condition
from drills.model.events import ProbeObserved, TrafficSecond
from drills.model.metrics import FROM_TRAFFIC
from drills.model.playbook import Threshold
from drills.model.probe import Observation
from drills.model.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Moment:
    """The metrics at `t`, the end of a second of traffic; one that could not be measured is absent."""

    t: float
    values: Mapping[str, float | bool]


@dataclass(frozen=True, slots=True)
class Spell:
    """A threshold's condition held from `began` to `until` (t) without a break, and from `reached` on for its `for`.

    `until` is the last second at which it held, that of the end of the drill for one that still does.
    """

    threshold: Threshold
    rank: int
    began: float
    reached: float
    until: float


def moments(timeline: Timeline, impact: ImpactAssessment) -> Iterator[Moment]:
    """The metrics at the end of each second after the fault (in a drill without one: after the baseline)."""
    began = impact.injected if impact.injected is not None else impact.baseline.until if impact.baseline else 0.0
    horizon = scored_until(timeline)
    start = timeline.start
    rules, state = AlertRules.of(start.playbook, start.probes), AlertState()
    named = frozenset[str]().union(*(compile_condition(each.when).names for each in start.playbook.thresholds))
    checks = iter(timeline.all(ProbeObserved))
    check = next(checks, None)
    for window in windows([second for second in timeline.all(TrafficSecond) if second.t <= horizon], METRICS_WINDOW):
        while check is not None and check.t <= window.until:
            state, _ = observe(rules, state, check.t, _of_probes_only(check))
            check = next(checks, None)
        if window.until <= began:
            continue
        state, _ = tick(rules, state, window.until)
        values = measured(rules, state, window.until, named - FROM_TRAFFIC)
        since_fault = Window.of(tuple(second for second in window.seconds if second.t > began))
        yield Moment(window.until, {**values, **traffic_metrics(since_fault, impact.baseline)})


def spells(timeline: Timeline, impact: ImpactAssessment) -> tuple[Spell, ...]:
    """All times that a threshold of the playbook held for its `for`, in the order in which that was reached."""
    playbook = timeline.start.playbook
    thresholds = [(each, playbook.rank(each.level), compile_condition(each.when)) for each in playbook.thresholds]
    holdings = [Holding()] * len(thresholds)
    open_spells: dict[int, Spell] = {}
    found: list[Spell] = []
    for moment in moments(timeline, impact):
        for index, (threshold, rank, condition) in enumerate(thresholds):
            holds = condition.holds(moment.values)
            holding = holdings[index] = holdings[index].judged(holds, moment.t)
            if holding.verdict is not True:
                if index in open_spells:
                    found.append(open_spells.pop(index))
            elif index in open_spells:
                if holds:
                    open_spells[index] = _prolonged(open_spells[index], moment.t)
            elif holding.has_held(threshold.for_.total_seconds(), moment.t):
                open_spells[index] = Spell(threshold, rank, holding.since, moment.t, moment.t)
    return tuple(sorted((*found, *open_spells.values()), key=lambda spell: (spell.reached, spell.rank, spell.began)))


def _prolonged(spell: Spell, until: float) -> Spell:
    return Spell(spell.threshold, spell.rank, spell.began, spell.reached, until)


def _of_probes_only(check: ProbeObserved) -> Observation:
    return Observation(
        probe=check.probe,
        at=check.at,
        started=check.t,
        outcome=check.outcome,
        reason=check.reason,
        metrics={name: value for name, value in check.metrics.items() if name not in FROM_TRAFFIC},
        vantage=check.vantage,
        unanswered=check.unanswered,
    )
