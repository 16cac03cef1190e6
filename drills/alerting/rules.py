"""The rules of alerting, compiled once from a playbook's thresholds and the workspace's probes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from drills.model.conditions import Condition, compile_condition
from drills.model.playbook import Playbook, Threshold
from drills.model.probe import JOURNEY_ROLES, ProbeSpec, Role, Window

ANY_PROBE = "probe_failing"
ANY_DEGRADED = "probe_degraded"
UNKNOWN_PROBE = "probe-unknown"
FAILING: Mapping[str, Role] = {role.failing: role for role in Role}
DEGRADED: Mapping[str, Role] = {role.degraded: role for role in Role}
#: Say how much is hurt: beside another metric in a condition, they make no alert of their own but a level of that one.
EXTENT = frozenset({"journeys_affected", "journeys_failing", "worst_journey_error_rate"})


class Subject(StrEnum):
    """What a key is about: metrics, probes by role, one probe that is down, or one probe whose state is unknown."""

    METRICS = "metrics"
    ROLES = "roles"
    PROBE = "probe"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """`rank` is the level's index in the playbook; 0 is the most severe."""

    rank: int
    level: str
    text: str
    for_seconds: float
    condition: Condition


@dataclass(frozen=True, slots=True)
class KeyRule:
    """All thresholds about the same metrics or probes: together they have at most one open alert.

    `names` is what it is about; `needs` are all names in its conditions.
    """

    key: str
    subject: Subject
    thresholds: tuple[ThresholdRule, ...]
    names: frozenset[str]
    needs: frozenset[str] = frozenset()
    roles: tuple[Role, ...] = ()
    probe: str | None = None

    def for_seconds(self, rank: int) -> float:
        """The longest `for` of this rank; 0 when no threshold has it (the level comes from another alert)."""
        return max((threshold.for_seconds for threshold in self.thresholds if threshold.rank == rank), default=0.0)


@dataclass(frozen=True, slots=True)
class ProbeRule:
    """`stale_after`: seconds after its last check at which the probe's state and its metrics become unknown.

    `ancestors` are the probes whose failure explains this one's, and which have an alert of their own; `alert_keys` are
    the keys of the alerts that this probe raises; `affects` those that must be judged again when its state changes.
    `vantages` are the names of its vantages, if any; `required` are those that decide whether it is down.
    """

    name: str
    fail: Window
    recover: Window
    role: Role | None
    stale_after: float
    ancestors: tuple[str, ...]
    descendants: tuple[str, ...]
    alert_keys: tuple[str, ...]
    affects: tuple[str, ...]
    vantages: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AlertRules:
    """Everything that `observe` and `tick` need besides the state. `keys` are those that exist from the start."""

    levels: tuple[str, ...]
    probes: Mapping[str, ProbeRule]
    keys: Mapping[str, KeyRule]
    keys_of_metric: Mapping[str, tuple[str, ...]]
    role_sizes: Mapping[Role, int]
    for_each_probe: tuple[ThresholdRule, ...]
    lost_probe: tuple[ThresholdRule, ...]
    shortest_stale_after: float

    @classmethod
    def of(cls, playbook: Playbook, probes: Iterable[ProbeSpec]) -> AlertRules:
        """Compile them. Raises ConditionError for a threshold that is not CEL, KeyError for an unknown level.

        Probes that depend on each other in a circle do not explain each other's failures: both raise alerts.
        """
        specs = {probe.name: probe for probe in probes}
        grouped: dict[frozenset[str], list[ThresholdRule]] = {}
        for threshold in playbook.thresholds:
            compiled = _compiled(playbook, threshold)
            grouped.setdefault(_about(compiled.condition.names), []).append(compiled)
        for_each_probe = tuple(grouped.pop(frozenset((ANY_PROBE,)), ()))
        keys: dict[str, KeyRule] = {}
        for names, group in grouped.items():
            key_rule = _key_rule(names, [*group, *_degraded_too(names, group, for_each_probe)])
            keys[key_rule.key] = key_rule
        keys_of_metric: dict[str, tuple[str, ...]] = {}
        for key, key_rule in keys.items():
            for name in key_rule.needs:
                keys_of_metric[name] = (*keys_of_metric.get(name, ()), key)
        alert_keys = {name: _alert_keys(spec, keys, bool(for_each_probe)) for name, spec in specs.items()}
        reach = {name: _ancestors(name, specs) for name in specs}
        ancestors = {
            name: tuple(sorted(a for a in above if alert_keys[a] and name not in reach[a]))
            for name, above in reach.items()
        }
        descendants: dict[str, list[str]] = {name: [] for name in specs}
        for name, above in ancestors.items():
            for ancestor in above:
                descendants[ancestor].append(name)
        role_sizes: dict[Role, int] = {}
        for spec in specs.values():
            if spec.role is not None:
                role_sizes[spec.role] = role_sizes.get(spec.role, 0) + 1
        rules = {
            name: ProbeRule(
                name,
                spec.fail,
                spec.recover,
                spec.role,
                3 * spec.every.total_seconds() + spec.timeout.total_seconds(),
                ancestors[name],
                tuple(descendants[name]),
                alert_keys[name],
                _affected_keys(spec, alert_keys, ancestors[name], descendants[name], keys_of_metric),
                tuple(spec.vantages),
                frozenset(spec.judged_from),
            )
            for name, spec in specs.items()
        }
        last = len(playbook.levels) - 1
        lost = ThresholdRule(last, playbook.levels[last].name, "probe unknown", 0.0, compile_condition(ANY_PROBE))
        return cls(
            tuple(level.name for level in playbook.levels),
            rules,
            keys,
            keys_of_metric,
            role_sizes,
            for_each_probe,
            (lost,),
            min((rule.stale_after for rule in rules.values()), default=float("inf")),
        )

    def knows(self, key: str) -> bool:
        """Whether these rules can raise an alert of this key; its playbook or probe may have been removed since."""
        kind, _, probe = key.partition(":")
        if probe:
            return probe in self.probes and (kind == UNKNOWN_PROBE or (kind == ANY_PROBE and bool(self.for_each_probe)))
        return key in self.keys

    def key_rule(self, key: str) -> KeyRule:
        """The rule of a key, also of those that name one probe."""
        rule = self.keys.get(key)
        if rule is not None:
            return rule
        kind, _, probe = key.partition(":")
        if kind == ANY_PROBE:
            return KeyRule(key, Subject.PROBE, self.for_each_probe, frozenset(), probe=probe)
        return KeyRule(key, Subject.UNKNOWN, self.lost_probe, frozenset(), probe=probe)


def failing_key(probe: str) -> str:
    return f"{ANY_PROBE}:{probe}"


def unknown_key(probe: str) -> str:
    return f"{UNKNOWN_PROBE}:{probe}"


def _about(names: frozenset[str]) -> frozenset[str]:
    """What a condition with these names is about: a probe that is degraded and that is down have one alert."""
    about = names - EXTENT or names
    same = {
        DEGRADED[name].failing if name in DEGRADED else ANY_PROBE if name == ANY_DEGRADED else name for name in about
    }
    return frozenset(same)


def _compiled(playbook: Playbook, threshold: Threshold) -> ThresholdRule:
    condition = compile_condition(threshold.when)
    rank = playbook.rank(threshold.level)
    return ThresholdRule(rank, threshold.level, threshold.when, threshold.for_.total_seconds(), condition)


def _degraded_too(
    names: frozenset[str], group: list[ThresholdRule], for_each_probe: tuple[ThresholdRule, ...]
) -> Iterator[ThresholdRule]:
    """The thresholds on any degraded probe, for roles of which no threshold says anything of that kind.

    A probe whose role has an alert has none of its own, which would say it.
    """
    own = frozenset[str]().union(*(rule.condition.names for rule in group))
    if names and names <= FAILING.keys() and own.isdisjoint(DEGRADED):
        condition = compile_condition(" || ".join(sorted(FAILING[name].degraded for name in names)))
        yield from (replace(rule, condition=condition) for rule in for_each_probe if _is_about_degraded(rule))


def _is_about_degraded(rule: ThresholdRule) -> bool:
    return ANY_DEGRADED in rule.condition.names


def _key_rule(names: frozenset[str], thresholds: list[ThresholdRule]) -> KeyRule:
    by_severity = tuple(sorted(thresholds, key=lambda rule: (rule.rank, rule.text)))
    key = "+".join(sorted(names)) or "always"
    needs = frozenset[str]().union(*(rule.condition.names for rule in thresholds))
    if names and names <= FAILING.keys():
        return KeyRule(key, Subject.ROLES, by_severity, names, needs, tuple(sorted(FAILING[name] for name in names)))
    return KeyRule(key, Subject.METRICS, by_severity, names, needs)


def _alert_keys(spec: ProbeSpec, keys: Mapping[str, KeyRule], has_for_each_probe: bool) -> tuple[str, ...]:
    by_role = tuple(key for key, rule in keys.items() if spec.role in rule.roles)
    if by_role:
        return by_role
    return (failing_key(spec.name),) if has_for_each_probe else ()


def _ancestors(name: str, specs: Mapping[str, ProbeSpec]) -> frozenset[str]:
    found: set[str] = set()
    to_visit = list(specs[name].depends_on)
    while to_visit:
        above = to_visit.pop()
        if above in specs and above not in found:
            found.add(above)
            to_visit.extend(specs[above].depends_on)
    return frozenset(found)


def _affected_keys(
    spec: ProbeSpec,
    alert_keys: Mapping[str, tuple[str, ...]],
    ancestors: Iterable[str],
    descendants: Iterable[str],
    keys_of_metric: Mapping[str, tuple[str, ...]],
) -> tuple[str, ...]:
    keys = {unknown_key(spec.name), *alert_keys[spec.name]}
    names = {ANY_PROBE, ANY_DEGRADED}
    if spec.role is not None:
        names |= {spec.role.failing, spec.role.degraded}
        names |= EXTENT if spec.role in JOURNEY_ROLES else frozenset()
    for name in names:
        keys.update(keys_of_metric.get(name, ()))
    for relative in (*ancestors, *descendants):
        keys.update(alert_keys[relative])
    for below in descendants:
        keys.add(unknown_key(below))
    return tuple(sorted(keys))
