"""The true severity of a drill: what the playbook says about the impact that was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drills.impact.assessment import ImpactAssessment, scored_until
from drills.impact.response_times import response_times
from drills.impact.windows import Window, windows
from drills.model.conditions import compile_condition
from drills.model.durations import humane
from drills.model.events import ProbeObserved, ResponderKind, TrafficSecond, TrafficStarted
from drills.model.playbook import Playbook, Threshold
from drills.model.probe import Outcome, ProbeSpec
from drills.model.scorecard import Severity, Verdict
from drills.model.timeline import Timeline

#: Seconds of traffic over which the true error rate and percentiles are measured.
WINDOW = 10
#: Failed checks of a probe in a row that confirm that what it checks is down.
CONFIRMED = 2

#: Metrics of which the traffic itself is the truth; what a probe says about them is not used.
_FROM_TRAFFIC = frozenset({"error_rate", "p50", "p95", "p99", "rpm"})


@dataclass(frozen=True, slots=True)
class Measured:
    """The most severe level whose threshold held, since when, and why; `level` is None when none did."""

    level: str | None
    why: str
    since: float | None = None
    worst_error_rate: float | None = None
    worst_p95: float | None = None


def measure(timeline: Timeline, impact: ImpactAssessment) -> Measured:
    """The level of the playbook for the impact that was measured between the fault and the end of the drill."""
    start = timeline.start
    best, since, error_rate, p95 = _held(timeline, impact)
    floor = start.scenario.truth.severity_floor if start.scenario.truth else None
    levels = start.playbook.levels
    if floor is not None:
        rank = min(floor.rank, len(levels) - 1)
        if best is None or start.playbook.rank(best.level) > rank:
            why = f"{floor.why} (the scenario's floor)"
            return Measured(levels[rank].name, why, impact.injected, error_rate, p95)
    if best is None:
        return Measured(None, "no threshold of the playbook held on what was measured", None, error_rate, p95)
    held = f" for {humane(best.for_)}" if best.for_ else ""
    return Measured(best.level, f"{best.when} held{held} ({best.source})", since, error_rate, p95)


def _held(
    timeline: Timeline, impact: ImpactAssessment
) -> tuple[Threshold | None, float | None, float | None, float | None]:
    """The most severe threshold that held, since when, and the worst error rate and p95 of any window."""
    playbook = timeline.start.playbook
    rules = [(threshold, compile_condition(threshold.when)) for threshold in _by_severity(playbook)]
    since: dict[int, float] = {}
    best: int | None = None
    best_since: float | None = None
    error_rate: float | None = None
    p95: float | None = None
    for t, values in _values(timeline, impact):
        error_rate = _worse(error_rate, values.get("error_rate"))
        p95 = _worse(p95, values.get("p95"))
        # A rule after the best one so far is no more severe: it cannot change the answer.
        for index, (threshold, condition) in enumerate(rules[:best]):
            if not condition.holds(values):
                since.pop(index, None)
                continue
            began = since.setdefault(index, t)
            if t - began >= threshold.for_.total_seconds():
                best, best_since = index, began
                break
    return (rules[best][0] if best is not None else None), best_since, error_rate, p95


def _by_severity(playbook: Playbook) -> list[Threshold]:
    return sorted(playbook.thresholds, key=lambda threshold: playbook.rank(threshold.level))


def _worse(so_far: float | None, value: Any) -> float | None:
    if value is None:
        return so_far
    return float(value) if so_far is None else max(so_far, float(value))


def _values(timeline: Timeline, impact: ImpactAssessment) -> Iterator[tuple[float, Mapping[str, float | bool]]]:
    """At the end of each second after the fault: the truth from the traffic, and what probes had confirmed by then."""
    began = impact.injected if impact.injected is not None else impact.baseline.until if impact.baseline else 0.0
    horizon = scored_until(timeline)
    started = timeline.first(TrafficStarted)
    slow_after = started.slow_after if started else timeline.start.scenario.traffic.slow_after.total_seconds()
    checks = _Checks({probe.name: probe for probe in timeline.start.probes})
    pending = [check for check in timeline.all(ProbeObserved) if check.t >= began]
    next_check = 0
    seconds = [second for second in timeline.all(TrafficSecond) if began < second.t <= horizon]
    for window in windows(seconds, WINDOW):
        while next_check < len(pending) and pending[next_check].t <= window.until:
            checks.see(pending[next_check])
            next_check += 1
        yield window.until, {**checks.metrics(), **traffic_metrics(window, slow_after)}


def traffic_metrics(window: Window, slow_after: float) -> dict[str, float]:
    """Error rate, percentiles (seconds) and requests per minute of this window; absent where nothing was asked.

    The error rate is failed requests, of those answered and those overdue. Missed requests are in the histogram by
    their lateness; an overdue one counts there as just over `slow_after`, for it has taken at least that long.
    """
    values: dict[str, float] = {"rpm": window.answered * 60.0 / len(window.seconds)}
    asked = window.answered + window.overdue
    if asked:
        values["error_rate"] = window.failed / asked
    times = response_times(window.seconds).and_longer_than(slow_after, window.overdue)
    for name, share in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99)):
        value = times.percentile(share)
        if value is not None:
            values[name] = value
    return values


class _Checks:
    """What the probes' checks have confirmed so far. A probe is down when it is from one of its required vantages."""

    def __init__(self, probes: Mapping[str, ProbeSpec]) -> None:
        self._probes = probes
        self._failures: dict[tuple[str, str], int] = {}
        self._measured: dict[tuple[str, str], Mapping[str, float | bool]] = {}

    def see(self, check: ProbeObserved) -> None:
        if check.outcome is Outcome.UNKNOWN or not self._counts(check):
            return
        place = (check.probe, check.vantage)
        self._failures[place] = self._failures.get(place, 0) + 1 if check.outcome is Outcome.FAIL else 0
        self._measured[place] = check.metrics

    def metrics(self) -> dict[str, float | bool]:
        values: dict[str, float | bool] = {}
        for _, measured in sorted(self._measured.items(), key=lambda item: item[0]):
            values.update({name: value for name, value in measured.items() if name not in _FROM_TRAFFIC})
        for (probe, _), failures in sorted(self._failures.items()):
            down = failures >= CONFIRMED
            role = self._probes[probe].role if probe in self._probes else None
            names = ("probe_failing",) if role is None else ("probe_failing", f"{role.replace('-', '_')}_failing")
            for name in names:
                values[name] = bool(values.get(name, False)) or down
        return values

    def _counts(self, check: ProbeObserved) -> bool:
        spec = self._probes.get(check.probe)
        vantage = None if spec is None else spec.vantages.get(check.vantage)
        return vantage is None or vantage.required


def judge(playbook: Playbook, responder: ResponderKind, measured: Measured, declared: str | None) -> Severity:
    """The declared level against the true one."""
    verdict, reason = _judged(playbook, responder, measured.level, declared)
    return Severity(true_level=measured.level, why=measured.why, declared=declared, verdict=verdict, reason=reason)


def _judged(
    playbook: Playbook, responder: ResponderKind, true: str | None, declared: str | None
) -> tuple[Verdict, str]:
    if true is None:
        if declared is None:
            return Verdict.NOT_REQUIRED, "no level of the playbook applies"
        return Verdict.MISSED, f"{declared} was declared, though no level of the playbook applies"
    if declared is None:
        if responder is ResponderKind.PERSON:
            return Verdict.MISSED, f"no severity was declared; it was {true}"
        return Verdict.NOT_REQUIRED, "a severity is asked of a person only"
    off = ranks_off(playbook, true, declared)
    if not off:
        return Verdict.MET, f"{declared} was right"
    lower = "too low" if off > 0 else "too high"
    return (
        Verdict.MISSED,
        f"{declared} was declared, {abs(off)} {'level' if abs(off) == 1 else 'levels'} {lower}; it was {true}",
    )


def ranks_off(playbook: Playbook, true: str, declared: str) -> int:
    """How many levels the declared one is too low (positive) or too high (negative); an unknown level is one off."""
    try:
        return playbook.rank(declared) - playbook.rank(true)
    except KeyError:
        return 1
