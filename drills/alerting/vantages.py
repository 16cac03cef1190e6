"""One probe run from several vantages: they are judged separately, and combined into one probe with one alert.

A probe is down when it is down from any required vantage; it is up when it is up from all of them. When none is
known to be down and one has not been checked for too long, its state is unknown. Vantages that are not required only
add to the reason of the alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drills.alerting.persistent_map import PersistentMap
from drills.alerting.probe_state import ProbeState, Standing, is_undecided
from drills.alerting.rules import ProbeRule


def vantage_key(probe: str, vantage: str) -> str:
    """The key of one probe from one vantage."""
    return f"{probe}@{vantage}"


def combined(rule: ProbeRule, seen: PersistentMap[ProbeState]) -> ProbeState:
    """The probe as a whole. It depends on the present state at each vantage alone, not on the order of the checks."""
    required = [state or ProbeState(seen=float("-inf")) for name, state in _each(rule, seen) if name in rule.required]
    down = any(state.standing is Standing.DOWN for state in required)
    lost = not down and any(state.lost for state in required)
    decided = [state.decided for state in required if lost or not state.lost]
    passes_again = down and all(state.is_failing is not True for state in required)
    degraded = [state for state in required if state.degraded and not state.lost]
    return ProbeState(
        seen=max(state.seen for state in required),
        decided=next(each for each in (Standing.DOWN, Standing.UNDECIDED, Standing.UP) if each in decided),
        lost=lost,
        failed_at=_latest(state.failed_at for state in required),
        recovered_at=_latest(state.recovered_at for state in required),
        checks=(False,) if passes_again else (),
        reason=_failing_from(rule, seen) if down else _why_lost(rule, seen) if lost else _why_degraded(rule, seen),
        degraded=bool(degraded),
        run=min((state.run for state in degraded), default=0),
    )


def failing(rule: ProbeRule, seen: PersistentMap[ProbeState]) -> frozenset[str]:
    """The vantages from which it is down, or from which at least the last check failed."""
    return frozenset(name for name, state in _each(rule, seen) if state is not None and _fails(state))


def in_doubt(rule: ProbeRule, seen: PersistentMap[ProbeState]) -> bool:
    """Whether the next checks may still change the list of vantages from which it fails."""
    return any(state is not None and is_undecided(rule.fail, state) for _, state in _each(rule, seen))


def _each(rule: ProbeRule, seen: PersistentMap[ProbeState]) -> Iterator[tuple[str, ProbeState | None]]:
    return ((name, seen.find(vantage_key(rule.name, name))) for name in rule.vantages)


def _fails(state: ProbeState) -> bool:
    return not state.lost and (state.decided is Standing.DOWN or state.checks[-1:] == (True,))


def _latest(moments: Iterator[float | None]) -> float | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _failing_from(rule: ProbeRule, seen: PersistentMap[ProbeState]) -> str:
    """`fails from edge, passes from around: certificate expired 3 days ago`."""
    reasons: dict[str, str] = {}
    well, unknown = [], []
    for name, state in _each(rule, seen):
        if state is not None and _fails(state):
            reasons[name] = state.reason or "failed"
        elif state is not None and state.standing is Standing.UP:
            well.append(name)
        else:
            unknown.append(name)
    where = "everywhere" if len(reasons) == len(rule.vantages) else _and(reasons)
    said = [f"fails from {where}"]
    if well:
        said.append(f"passes from {_and(well)}")
    if unknown:
        said.append(f"not known from {_and(unknown)}")
    if len(set(reasons.values())) == 1:
        why = next(iter(reasons.values()))
    else:
        why = "; ".join(f"from {name}: {reason}" for name, reason in reasons.items())
    return f"{', '.join(said)}: {why}"


def _why_degraded(rule: ProbeRule, seen: PersistentMap[ProbeState]) -> str:
    return "; ".join(
        f"from {name}: {state.reason}" for name, state in _each(rule, seen) if state is not None and state.degraded
    )


def _why_lost(rule: ProbeRule, seen: PersistentMap[ProbeState]) -> str:
    return "; ".join(
        f"from {name}: {state.reason}"
        for name, state in _each(rule, seen)
        if state is not None and state.lost and name in rule.required
    )


def _and(names: Iterable[str]) -> str:
    return " and ".join(names)
