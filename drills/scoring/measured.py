"""What held at each moment of a drill: the metrics that a playbook's thresholds name, and the thresholds themselves.

Alerts and this measurement use the same thresholds in the same way: what probes confirm comes from alerting's own
state of each probe, and time in which a value is unknown counts for neither. Only of what the traffic measures it is
the truth, whatever a probe says about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from drills.alerting import AlertRules, AlertState, measured, observe, tick, wavers
from drills.alerting.rules import ANY_DEGRADED, ANY_PROBE
from drills.alerting.state import Holding
from drills.impact.assessment import ImpactAssessment, scored_until
from drills.impact.traffic_metrics import METRICS_WINDOW, traffic_metrics
from drills.impact.windows import windows
from drills.model.conditions import Condition, compile_condition
from drills.model.events import ProbeObserved, TrafficSecond
from drills.model.metrics import FROM_TRAFFIC
from drills.model.playbook import Threshold
from drills.model.probe import Observation
from drills.model.timeline import Timeline

#: Conditions that are held against each probe by itself.
_OF_EACH = frozenset({ANY_PROBE, ANY_DEGRADED})


@dataclass(frozen=True, slots=True)
class Moment:
    """The metrics at `t`, the end of a second of traffic; one that could not be measured is absent."""

    t: float
    values: Mapping[str, float | bool]
    probes: AlertState = field(repr=False)

    def of_probe(self, name: str, metric: str) -> bool | None:
        """What `probe_failing` or `probe_degraded` says of one probe; None where it is not known."""
        known = self.probes.probe(name)
        if known is None:
            return None
        return known.is_failing if metric == ANY_PROBE else known.is_degraded

    def wavers(self, name: str) -> bool:
        """Whether this probe is still down or degraded, and its last check passed."""
        known = self.probes.probe(name)
        return known is not None and known.wavers


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
    """The metrics at the end of each second after the fault (in a drill without one: after the baseline).

    Those of the traffic are of the last seconds by then, also of what came before the fault.
    """
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
        yield Moment(window.until, {**values, **traffic_metrics(window, impact.baseline)}, state)


def spells(timeline: Timeline, impact: ImpactAssessment) -> tuple[Spell, ...]:
    """All times that a threshold of the playbook held for its `for`, in the order in which that was reached.

    A threshold on any probe is held against each probe by itself, as its alert is.
    """
    playbook = timeline.start.playbook
    probes = [spec.name for spec in timeline.start.probes]
    courses = [
        _Course(threshold, playbook.rank(threshold.level), compile_condition(threshold.when), probe)
        for threshold in playbook.thresholds
        for probe in (probes if threshold.when in _OF_EACH else (None,))
    ]
    for moment in moments(timeline, impact):
        for course in courses:
            course.go_on(moment)
    found = (spell for course in courses for spell in course.spells)
    return tuple(sorted(found, key=lambda spell: (spell.reached, spell.rank, spell.began)))


@dataclass(slots=True)
class _Course:
    """One threshold (of one probe, if it is on any) as time goes on."""

    threshold: Threshold
    rank: int
    condition: Condition
    probe: str | None
    holding: Holding = field(default_factory=Holding)
    spells: list[Spell] = field(default_factory=list)
    is_open: bool = False

    def go_on(self, moment: Moment) -> None:
        if self.probe is None:
            holds = self.condition.holds(moment.values)
            unsure = holds is None and wavers(moment.probes, self.condition.names)
        else:
            holds = moment.of_probe(self.probe, self.threshold.when)
            unsure = holds is None and moment.wavers(self.probe)
        self.holding = self.holding.judged(holds, moment.t, wavers=unsure)
        if self.holding.verdict is not True:
            self.is_open = False
        elif self.is_open:
            if holds:
                self.spells[-1] = replace(self.spells[-1], until=moment.t)
        elif self.holding.has_held(self.threshold.for_.total_seconds(), moment.t):
            self.is_open = True
            self.spells.append(Spell(self.threshold, self.rank, self.holding.since, moment.t, moment.t))


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
