"""Judges keys at a moment: which thresholds hold, which failures explain others, and what is reported.

Two passes, so that the order of keys does not matter: first every threshold is evaluated, and every alert that another
one explains is found (its level is propagated to that one); then each alert fires, changes or resolves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drills.alerting import vantages, wording
from drills.alerting.alert_course import Course, Step, calm_seconds, next_step_at, proceed
from drills.alerting.probe_state import Standing
from drills.alerting.rules import (
    ANY_DEGRADED,
    ANY_PROBE,
    DEGRADED,
    FAILING,
    AlertRules,
    KeyRule,
    Subject,
    ThresholdRule,
)
from drills.alerting.state import AlertState, Holding, KeyState, with_entry
from drills.alerting.transitions import Changed, Fired, Resolved, Suppressed, Transition
from drills.model.durations import humane
from drills.model.probe import JOURNEY_ROLES, Role

_BY_ROLE = FAILING.keys() | DEGRADED.keys()


def judge(
    rules: AlertRules, state: AlertState, keys: Iterable[str], t: float
) -> tuple[AlertState, tuple[Transition, ...]]:
    """Judge these keys as of `t`, and those that their levels are propagated to."""
    concerned: set[str] = set()
    for key in keys:
        rule = rules.key_rule(key)
        before = state.keys.find(key)
        after = _weighed(rules, rule, state, before, t)
        if after is None:
            continue
        concerned.add(key)
        concerned.update(after.propagates_to)
        if before is not None:
            concerned.update(before.propagates_to)
        if after is not before:
            state = replace(state, keys=state.keys.put(key, after))
    transitions: list[Transition] = []
    for key in sorted(concerned):
        rule = rules.key_rule(key)
        key_state = state.keys.find(key) or _blank(rule)
        course, found = _transitions(rules, rule, state, key_state, t)
        rejudge_at = _rejudge_at(rule, course.state, state, t)
        agenda = state.agenda
        if rejudge_at is not None and rejudge_at != key_state.rejudge_at:
            agenda = with_entry(agenda, rejudge_at, key)
        state = replace(state, keys=state.keys.put(key, replace(course.state, rejudge_at=rejudge_at)), agenda=agenda)
        transitions.extend(found)
    return state, tuple(transitions)


def _blank(rule: KeyRule) -> KeyState:
    return KeyState((Holding(),) * len(rule.thresholds))


def _weighed(rules: AlertRules, rule: KeyRule, state: AlertState, before: KeyState | None, t: float) -> KeyState | None:
    """The key with each threshold evaluated at `t`; None for a key of one probe that has nothing to report."""
    verdicts = _verdicts(rules, rule, state, t)
    if before is None:
        if rule.probe is not None and verdicts[0] is not True:
            return None
        before = _blank(rule)
    if None in verdicts:
        wavering = tuple(_wavers(rule, state, threshold) for threshold in rule.thresholds)
    else:
        wavering = (False,) * len(verdicts)
    holdings = tuple(
        holding.judged(verdict, t, wavers=wavers)
        for holding, verdict, wavers in zip(before.holdings, verdicts, wavering, strict=True)
    )
    because, propagates_to = _explanation(rules, rule, state) if before.open is None else ("", ())
    due = _due(rule, holdings, t) if because else None
    propagated_rank, propagates_to = (
        (due, propagates_to) if due is not None and rule.subject is Subject.ROLES else (None, ())
    )
    after = replace(
        before, holdings=holdings, because=because, propagated_rank=propagated_rank, propagates_to=propagates_to
    )
    return before if after == before else after


def _verdicts(rules: AlertRules, rule: KeyRule, state: AlertState, t: float) -> tuple[bool | None, ...]:
    if rule.probe is not None:
        probe = state.probe(rule.probe)
        standing = probe.standing if probe else Standing.UNDECIDED
        if rule.subject is Subject.UNKNOWN:
            verdict: bool | None = standing is Standing.UNKNOWN
        else:
            verdict = None if probe is None else probe.is_failing
            degraded = None if probe is None else probe.is_degraded
            return tuple(
                degraded if ANY_DEGRADED in threshold.condition.names else verdict for threshold in rule.thresholds
            )
        return (verdict,) * len(rule.thresholds)
    values = measured(rules, state, t, rule.needs)
    return tuple(threshold.condition.holds(values) for threshold in rule.thresholds)


def _wavers(rule: KeyRule, state: AlertState, threshold: ThresholdRule) -> bool:
    if rule.probe is None:
        return wavers(state, threshold.condition.names)
    known = state.probe(rule.probe)
    return rule.subject is Subject.PROBE and known is not None and known.wavers


def wavers(state: AlertState, names: Iterable[str]) -> bool:
    """Whether a condition with these names is undecided because probes that are down passed their last check."""
    tallies = ((name, state.roles.get(FAILING.get(name) or DEGRADED[name])) for name in names if name in _BY_ROLE)
    return any(tally is not None and bool(tally.down if name in FAILING else tally.degraded) for name, tally in tallies)


def measured(rules: AlertRules, state: AlertState, t: float, names: Iterable[str]) -> dict[str, float | bool]:
    """The values of these metrics as monitoring knows them at `t`; what it does not know is absent."""
    values: dict[str, float | bool] = {}
    for name in names:
        if (value := _value(rules, state, t, name)) is not None:
            values[name] = value
    return values


def _value(rules: AlertRules, state: AlertState, t: float, name: str) -> float | bool | None:
    if name == ANY_PROBE:
        return True if state.down else False if len(state.probes) else None
    if name == ANY_DEGRADED:
        return True if state.degraded else False if len(state.probes) else None
    if name in FAILING:
        return _role_failing(rules, state, FAILING[name])
    if name in DEGRADED:
        return _role_degraded(rules, state, DEGRADED[name])
    if name in ("journeys_failing", "journeys_affected"):
        return _journeys(state, failing=name == "journeys_failing")
    reading = state.metrics.get(name)
    return reading.value if reading is not None and t < reading.good_until else None


def _role_failing(rules: AlertRules, state: AlertState, role: Role) -> bool | None:
    tally = state.roles.get(role)
    if tally is None:
        return None
    if tally.down:
        return True if any(state.probes[name].is_failing for name in tally.down) else None
    return False if tally.up == rules.role_sizes.get(role, 0) else None


def _role_degraded(rules: AlertRules, state: AlertState, role: Role) -> bool | None:
    tally = state.roles.get(role)
    if tally is None or not tally.degraded:
        return _role_failing(rules, state, role)
    return True if any(state.probes[name].is_degraded for name in tally.degraded) else None


def _journeys(state: AlertState, *, failing: bool) -> float | None:
    """Of the probes that do what users do, and about which something is known, how many are down (or degraded)."""
    tallies = [state.roles[role] for role in JOURNEY_ROLES if role in state.roles]
    known = sum(len(tally.down) + tally.up for tally in tallies)
    hurt = sum(len(tally.down if failing else tally.degraded) for tally in tallies)
    return hurt / known if known else None


def _due(rule: KeyRule, holdings: tuple[Holding, ...], t: float) -> int | None:
    return min(
        (
            threshold.rank
            for threshold, holding in zip(rule.thresholds, holdings, strict=True)
            if holding.has_held(threshold.for_seconds, t)
        ),
        default=None,
    )


def _explanation(rules: AlertRules, rule: KeyRule, state: AlertState) -> tuple[str, tuple[str, ...]]:
    """The probe that explains all the failures behind this key, if they are all explained, and its alerts' keys."""
    if rule.subject is Subject.METRICS:
        return "", ()
    failing = (rule.probe,) if rule.probe is not None else wording.down_probes(rule, state)
    roots: set[str] = set()
    for probe in failing:
        found = _roots(rules, state, probe, only_down=rule.subject is Subject.UNKNOWN)
        if not found:
            return "", ()
        roots.update(found)
    if not roots:
        return "", ()
    propagates_to = {key for root in roots if _is_down(state, root) for key in rules.probes[root].alert_keys}
    return min(roots), tuple(sorted(propagates_to - {rule.key}))


def _is_down(state: AlertState, probe: str) -> bool:
    known = state.probe(probe)
    return known is not None and known.decided is Standing.DOWN


def _roots(rules: AlertRules, state: AlertState, probe: str, *, only_down: bool) -> list[str]:
    """The probes that explain why this one fails and that nothing else explains.

    Unless `only_down`, a failure that was last seen before such a probe recovered is still explained by it: it
    takes a failed check after the recovery to show that the probe is down by itself.
    """
    above = rules.probes[probe].ancestors
    if not above:
        return []
    known = state.probe(probe)
    failed_at = known.failed_at if known is not None and known.failed_at is not None else float("-inf")
    explaining = []
    for name in above:
        ancestor = state.probe(name)
        if ancestor is None:
            continue
        recovered = None if only_down else ancestor.recovered_at
        if ancestor.decided is Standing.DOWN or (recovered is not None and failed_at <= recovered):
            explaining.append(name)
    return [name for name in explaining if not any(other in rules.probes[name].ancestors for other in explaining)]


def _transitions(
    rules: AlertRules, rule: KeyRule, state: AlertState, key_state: KeyState, t: float
) -> tuple[Course, tuple[Transition, ...]]:
    due = _due(rule, key_state.holdings, t)
    if key_state.because and key_state.open is None:
        if due is None or key_state.suppressed:
            return Course(key_state, Step.NOTHING, None), ()
        said = Suppressed(rule.key, key_state.because)
        return Course(replace(key_state, suppressed=True), Step.NOTHING, None), (said,)
    inherited = [] if rule.subject is Subject.METRICS else _inherited_ranks(rules, state, rule.key)
    highest = min((propagated_rank for _, propagated_rank in inherited), default=None)
    if highest is not None and (due is None or highest < due):
        due = highest
    course = proceed(rule, replace(key_state, suppressed=False), due, t)
    return _from_where(rules, rule, state, course, _said(rules, rule, state, course, inherited))


def _from_where(
    rules: AlertRules, rule: KeyRule, state: AlertState, course: Course, said: tuple[Transition, ...]
) -> tuple[Course, tuple[Transition, ...]]:
    """Keeps track of the vantages from which an open alert's probes fail, and reports when they have changed."""
    alert = course.state.open
    if alert is None or rule.subject not in (Subject.PROBE, Subject.ROLES):
        return course, said
    down = (rule.probe,) if rule.probe is not None else wording.down_probes(rule, state)
    seen = [probe for name in down if (probe := rules.probes[name]).vantages and _is_down(state, name)]
    failing_from = frozenset(
        vantages.vantage_key(probe.name, vantage)
        for probe in seen
        for vantage in vantages.failing(probe, state.vantage_states)
    )
    before = course.state.failing_from
    if failing_from == before or not failing_from:
        return course, said
    if course.step not in (Step.FIRED, Step.ROSE):
        if said or any(vantages.in_doubt(probe, state.vantage_states) for probe in seen):
            return course, said
        why = wording.reason(rule, state, alert.rank)
        said = (Changed(alert.alert_id, rules.levels[alert.rank], why),) if before else ()
    return replace(course, state=replace(course.state, failing_from=failing_from)), said


def _inherited_ranks(rules: AlertRules, state: AlertState, key: str) -> list[tuple[str, int]]:
    """The keys whose alerts are explained by this key's alert, and the rank that each of them would have."""
    inherited = []
    for name, rule in rules.keys.items():
        other = state.keys.find(name) if rule.subject is Subject.ROLES else None
        if other is not None and other.propagated_rank is not None and key in other.propagates_to:
            inherited.append((name, other.propagated_rank))
    return inherited


def _said(
    rules: AlertRules, rule: KeyRule, state: AlertState, course: Course, inherited: list[tuple[str, int]]
) -> tuple[Transition, ...]:
    alert = course.alert
    if alert is None or course.step is Step.NOTHING:
        return ()
    level = rules.levels[alert.rank]
    why = wording.reason(rule, state, alert.rank)
    for symptom, rank in inherited:
        if rank == alert.rank:
            why += f"; therefore also {wording.title(rules.keys[symptom], state, rank)}"
    match course.step:
        case Step.FIRED:
            heading = wording.title(rule, state, alert.rank)
            seen = wording.who(rule, state)
            return (Fired(alert.alert_id, level, heading, why, seen[0] if seen else None, seen[1:]),)
        case Step.HELD_OPEN:
            return (Changed(alert.alert_id, level, f"flaps: fired {len(course.state.fires)} times, held open"),)
        case Step.RESOLVED:
            return (Resolved(alert.alert_id, _calmed("calm", rule, state, alert.rank)),)
        case Step.FELL:
            return (Changed(alert.alert_id, level, _calmed("lower", rule, state, course.before)),)
        case _:
            return (Changed(alert.alert_id, level, why),)


def _calmed(how: str, rule: KeyRule, state: AlertState, rank: int) -> str:
    now = wording.readings(rule, state)
    calm = f"{how} for {humane(calm_seconds(rule, rank))}"
    return f"{calm}: {now}" if now else calm


def _rejudge_at(rule: KeyRule, key_state: KeyState, state: AlertState, t: float) -> float | None:
    """When time alone makes this key worth judging again: a `for` or a calm runs out, or a value grows too old."""
    moments = [
        reading.good_until
        for name in rule.names
        if (reading := state.metrics.get(name)) is not None and reading.good_until > t
    ]
    step = next_step_at(rule, key_state, t)
    if step is not None:
        moments.append(step)
    return min(moments, default=None)
