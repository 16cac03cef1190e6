"""`observe` takes an observation in, `tick` lets time pass. Both are pure; both return state and transitions."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace

from drills.alerting import vantages
from drills.alerting.alert_id import AlertId
from drills.alerting.judgement import judge
from drills.alerting.probe_state import ProbeState, Standing, check, is_undecided
from drills.alerting.rules import AlertRules, ProbeRule
from drills.alerting.state import AlertState, Holding, KeyState, Open, Reading, Tally
from drills.alerting.transitions import CheckAgain, Transition
from drills.model.probe import Observation, Outcome


def observe(
    rules: AlertRules, state: AlertState, t: float, observation: Observation
) -> tuple[AlertState, tuple[Transition, ...]]:
    """Take in one check that ended at `t` (seconds, monotonic; an earlier `t` than the last counts as the last).

    Returns the transitions of earlier moments, and CheckAgain at once. The transitions that follow from this check are
    returned by the next `tick`, or the next call with a later `t`. A probe that the rules do not know is ignored.
    """
    state = _begun(rules, state, t)
    t = max(t, state.t)
    transitions: tuple[Transition, ...] = ()
    if t > state.t:
        state, transitions = _advance(rules, state, t, include_t=False)
    rule = rules.probes.get(observation.probe)
    if rule is None:
        return replace(state, t=t), transitions
    before = state.probes.find(rule.name)
    vantage_states, pending = state.vantage_states, state.pending
    if not rule.vantages:
        latest_before = before
        latest = after = check(rule.fail, rule.recover, before, t, observation)
    elif observation.vantage in rule.vantages:
        key = vantages.vantage_key(rule.name, observation.vantage)
        latest_before = vantage_states.find(key)
        latest = check(rule.fail, rule.recover, latest_before, t, observation)
        vantage_states = vantage_states.put(key, latest)
        after = vantages.combined(rule, vantage_states)
        if _differs(rule, latest_before, latest):
            pending = pending.union(rule.affects)
    else:
        return replace(state, t=t), transitions
    metrics: Mapping[str, Reading] = state.metrics
    if observation.metrics:
        metrics, moved = _read(rules, rule, state, t, observation)
        if moved:
            pending = pending.union(*(rules.keys_of_metric[name] for name in moved))
    was = before or ProbeState(seen=t)
    moved_standing = was.standing is not after.standing or was.degraded is not after.degraded
    failed = observation.outcome is Outcome.FAIL
    if (
        moved_standing
        or was.is_failing is not after.is_failing
        or was.is_degraded is not after.is_degraded
        or (failed and after.decided is Standing.DOWN and rule.ancestors)
    ):
        pending = pending.union(rule.affects)
    state = AlertState(
        t,
        state.began,
        state.probes.put(rule.name, after),
        metrics,
        state.keys,
        state.roles,
        state.down,
        state.degraded,
        pending,
        state.agenda,
        min(state.silence_at, t + rule.stale_after)
        if latest_before is not None and latest_before.lost
        else (state.silence_at),
        vantage_states,
    )
    if moved_standing:
        state = _counted(state, rule, before, after)
    if failed and is_undecided(rule.fail, latest):
        return state, (*transitions, CheckAgain(rule.name))
    if not failed and after.recovered_at == t and after.decided is not Standing.DOWN and rule.descendants:
        return state, (*transitions, *_check_descendants(rule, state))
    if not failed and observation.outcome is not Outcome.UNKNOWN and is_undecided(rule.fail, latest):
        return state, (*transitions, CheckAgain(rule.name))
    return state, transitions


def tick(rules: AlertRules, state: AlertState, t: float) -> tuple[AlertState, tuple[Transition, ...]]:
    """Let time pass up to `t`; returns what follows from the observations so far, and from missing ones."""
    state = _begun(rules, state, t)
    return _advance(rules, state, max(t, state.t), include_t=True)


def _begun(rules: AlertRules, state: AlertState, t: float) -> AlertState:
    if state.began is not None:
        return state
    return replace(state, t=t, began=t, silence_at=t + rules.shortest_stale_after)


def _advance(
    rules: AlertRules, state: AlertState, t: float, *, include_t: bool
) -> tuple[AlertState, tuple[Transition, ...]]:
    """Judge what is open, moment by moment, up to `t`; at `t` itself only if its evidence is complete."""
    transitions: list[Transition] = []
    while True:
        moment = state.t if state.pending else min(state.agenda[0][0] if state.agenda else math.inf, state.silence_at)
        if moment > t or (moment == t and not include_t):
            break
        state = replace(state, t=max(state.t, moment))
        if state.silence_at <= moment:
            state = _missed(rules, state, moment)
        due = bisect_right(state.agenda, (moment, "\uffff"))
        keys = state.pending.union(key for _, key in state.agenda[:due])
        state = replace(state, agenda=state.agenda[due:], pending=frozenset())
        state, found = judge(rules, state, sorted(keys), moment)
        transitions.extend(found)
    return (state if state.t == t else replace(state, t=t)), tuple(transitions)


def _read(
    rules: AlertRules, rule: ProbeRule, state: AlertState, t: float, observation: Observation
) -> tuple[Mapping[str, Reading], list[str]]:
    """The readings after this check, and the metrics whose value is another than before."""
    readings: dict[str, Reading] = dict(state.metrics)
    moved: list[str] = []
    for name, value in observation.metrics.items():
        if name not in rules.keys_of_metric:
            continue
        before = readings.get(name)
        if isinstance(value, float) and math.isnan(value):
            if before is not None and (before.probe, before.vantage) == (rule.name, observation.vantage):
                del readings[name]
                moved.append(name)
            continue
        if before is not None and before.t == t and (before.probe, before.vantage) > (rule.name, observation.vantage):
            continue  # two probes measured it at the same moment: one of them is taken, whoever came first
        readings[name] = Reading(t, rule.name, value, t + rule.stale_after, observation.vantage)
        if before is None or before.value != value or before.good_until <= t:
            moved.append(name)
    return readings, moved


def _counted(state: AlertState, rule: ProbeRule, before: ProbeState | None, after: ProbeState) -> AlertState:
    """The counts of probes that are up, down and degraded, after one probe's standing has changed."""
    was, now = before.standing if before else Standing.UNDECIDED, after.standing
    was_degraded, is_degraded = _is_degraded(before), _is_degraded(after)
    down = state.down + (now is Standing.DOWN) - (was is Standing.DOWN)
    degraded = state.degraded + is_degraded - was_degraded
    if rule.role is None:
        return replace(state, down=down, degraded=degraded)
    tally, own = state.roles.get(rule.role, Tally()), {rule.name}
    names = tally.down | own if now is Standing.DOWN else tally.down - own
    worse = tally.degraded | own if is_degraded else tally.degraded - own
    up = tally.up + (now is Standing.UP) - (was is Standing.UP)
    return replace(state, down=down, degraded=degraded, roles={**state.roles, rule.role: Tally(names, up, worse)})


def _is_degraded(state: ProbeState | None) -> bool:
    return state is not None and (state.standing is Standing.DOWN or (state.degraded and not state.lost))


def _missed(rules: AlertRules, state: AlertState, t: float) -> AlertState:
    """Mark the probes that have not been run for too long. Called when one is due, not once per observation."""
    next_at = math.inf
    pending: set[str] = set()
    began = state.began if state.began is not None else t
    for name, rule in rules.probes.items():
        before = state.probes.find(name)
        missed = 0
        for key in [vantages.vantage_key(name, each) for each in rule.vantages] or [name]:
            states = state.vantage_states if rule.vantages else state.probes
            known = states.find(key)
            if known is not None and known.lost:
                continue
            silent_at = (known.seen if known is not None else began) + rule.stale_after
            if silent_at > t:
                next_at = min(next_at, silent_at)
                continue
            seconds = f"not checked for {rule.stale_after:g} s"
            lost = replace(known or ProbeState(seen=began), lost=True, checks=(), reason=seconds)
            states = states.put(key, lost)
            state = replace(state, vantage_states=states) if rule.vantages else replace(state, probes=states)
            missed += 1
        if missed:
            if rule.vantages:
                state = replace(state, probes=state.probes.put(name, vantages.combined(rule, state.vantage_states)))
            state = _counted(state, rule, before, state.probes[name])
            pending.update(rule.affects)
    return replace(state, silence_at=next_at, pending=state.pending | pending)


def _differs(rule: ProbeRule, before: ProbeState | None, after: ProbeState) -> bool:
    """Whether a probe's state from one vantage has changed enough to be reported."""
    if before is None or before.standing is not after.standing:
        return True
    if before.is_degraded is not after.is_degraded or before.is_failing is not after.is_failing:
        return True
    return is_undecided(rule.fail, before) is not is_undecided(rule.fail, after)


def _check_descendants(rule: ProbeRule, state: AlertState) -> list[CheckAgain]:
    """The probe that explained their failures has recovered: check them at once, to see whether they still fail."""
    below = ((name, state.probe(name)) for name in rule.descendants)
    return [CheckAgain(name) for name, known in below if known is not None and known.decided is Standing.DOWN]


def resumed(rules: AlertRules, t: float, open_alerts: Mapping[AlertId, str], numbers: Mapping[str, int]) -> AlertState:
    """The state of a monitor that is restarted at `t`, with the alerts that were open when it ended.

    `open_alerts` is alert → level, `numbers` key → how many alerts it has had. An open alert stays open
    until evidence says otherwise. Raises ValueError for a level that the rules do not have.
    """
    state = _begun(rules, AlertState(), t)
    keys = state.keys
    alerts = {alert_id.key: Open(alert_id, rules.levels.index(level)) for alert_id, level in open_alerts.items()}
    for key in {*alerts, *numbers}:
        rule = rules.key_rule(key)
        alert = alerts.get(key)
        holdings = (Holding(),) * len(rule.thresholds)
        if alert is not None:
            holdings = tuple(
                Holding(True, t - threshold.for_seconds, t) if threshold.rank == alert.rank else Holding()
                for threshold in rule.thresholds
            )
        keys = keys.put(key, KeyState(holdings, alert, numbers.get(key, 1 if alert else 0)))
    return replace(state, keys=keys)
