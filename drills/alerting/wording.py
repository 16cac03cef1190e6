"""The texts of an alert: its title, what was observed, and which probes observed it."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest

from drills.alerting.rules import ANY_DEGRADED, DEGRADED, KeyRule, Subject, ThresholdRule
from drills.alerting.state import AlertState
from drills.model.durations import format_duration
from drills.model.metrics import CATALOGUE, Unit

#: At most this many probes are named in one line.
_NAMED = 3


def title(rule: KeyRule, state: AlertState, rank: int) -> str:
    """A short name of the alert at this rank: the threshold that it crossed, or the probe."""
    match rule.subject:
        case Subject.PROBE:
            return f"probe {rule.probe} is {'degraded' if _is_degraded(rule, state, rank) else 'down'}"
        case Subject.UNKNOWN:
            return f"probe {rule.probe} cannot run"
        case Subject.ROLES:
            parts = " or ".join(name.removesuffix("_failing").replace("_", " ") for name in sorted(rule.names))
            return f"{parts} {'degraded' if _is_degraded(rule, state, rank) else 'failing'}"
        case Subject.METRICS:
            texts = [threshold.text for threshold in rule.thresholds if threshold.rank == rank]
            return texts[0] if texts else rule.key


def reason(rule: KeyRule, state: AlertState, rank: int) -> str:
    """What was seen: the values that the threshold compares, or the failing probes and why they fail."""
    is_degraded = _is_degraded(rule, state, rank)
    of_rank = [threshold for threshold in rule.thresholds if threshold.rank == rank]
    crossed = next((each for each in of_rank if _speaks_of_degraded(each) is is_degraded), None)
    by = f" ({crossed.text} for {format_duration(crossed.for_seconds)})" if crossed is not None else ""
    if rule.subject is Subject.METRICS:
        return (readings(rule, state) or rule.key) + by
    if rule.probe is not None:
        probe = state.probe(rule.probe)
        why = (probe.reason if probe else "") or "not checked for some time"
        return f"{rule.probe}: {why}{by if rule.subject is Subject.PROBE else ''}"
    seen = degraded_probes(rule, state) if is_degraded else down_probes(rule, state)
    return f"{seen_by(state, seen)}{by}"


def readings(rule: KeyRule, state: AlertState) -> str:
    """The values of the metrics that the rule names: `p95 2.3 s, error_rate 12.0 %`."""
    known = ((name, state.metrics[name].value) for name in sorted(rule.names) if name in state.metrics)
    return ", ".join(f"{name} {_with_unit(name, value)}" for name, value in known)


def _is_degraded(rule: KeyRule, state: AlertState, rank: int) -> bool:
    """Whether an alert of this rank says that probes are degraded, not that they are down."""
    said = {_speaks_of_degraded(threshold) for threshold in rule.thresholds if threshold.rank == rank}
    if len(said) < 2:
        return True in said
    return not (down_probes(rule, state) if rule.probe is None else state.probes[rule.probe].is_failing)


def _speaks_of_degraded(threshold: ThresholdRule) -> bool:
    return bool(threshold.condition.names & (DEGRADED.keys() | {ANY_DEGRADED}))


def degraded_probes(rule: KeyRule, state: AlertState) -> frozenset[str]:
    """The probes that are degraded or down, of the roles that the rule is about."""
    return frozenset[str]().union(*(state.roles[role].degraded for role in rule.roles if role in state.roles))


def down_probes(rule: KeyRule, state: AlertState) -> frozenset[str]:
    """The probes that are down, of the roles that the rule is about."""
    down: frozenset[str] = frozenset()
    for role in rule.roles:
        if role in state.roles:
            down |= state.roles[role].down
    return down


def seen_by(state: AlertState, probes: Iterable[str]) -> str:
    """The probes that are down, with their reasons; the first few by name."""
    names = list(probes)
    parts = []
    for name in nsmallest(_NAMED, names):
        probe = state.probe(name)
        parts.append(f"{name}: {(probe.reason if probe else '') or 'failed'}")
    if len(names) > _NAMED:
        parts.append(f"and {len(names) - _NAMED} more")
    return "; ".join(parts)


def who(rule: KeyRule, state: AlertState) -> tuple[str, ...]:
    """The names of the probes that observed it: those that are down, or else one that measured."""
    if rule.probe is not None:
        return (rule.probe,)
    down = down_probes(rule, state) or degraded_probes(rule, state)
    if down:
        return tuple(sorted(down))
    return tuple(nsmallest(1, (state.metrics[name].probe for name in rule.names if name in state.metrics)))


def _with_unit(name: str, value: float | bool) -> str:
    unit = CATALOGUE[name].unit if name in CATALOGUE else Unit.COUNT
    if unit is Unit.SHARE:
        return f"{value * 100:.1f} %"
    if unit is Unit.SECONDS:
        return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"
