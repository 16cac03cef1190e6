"""Prepares probes to be run: fills in addresses, checks settings, compiles conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from drills.errors import BadInput
from drills.model.conditions import Condition, ConditionError, compile_condition
from drills.model.probe import ProbeSpec
from drills.nearest import suggest
from drills.probing.engine.paths import fields_of
from drills.probing.net.addresses import filled, literal, named
from drills.probing.registry import PROBE_KINDS
from drills.probing.remote.config import KnownProber
from drills.probing.settings_model import ForOthers, SettingsModel


@dataclass(frozen=True, slots=True)
class BoundProbe:
    """`every` and `timeout` are seconds; `needs` are the names that its conditions mention.

    `json_fields` are the fields of `json` that they mention; None when they may mention any. `vantage` is where it is
    run, `via` the remote prober that runs it; `per_vantage` has one bound probe for each of its vantages, if it names
    any. `unusable` says why it cannot run; then it has no settings and no conditions.
    """

    spec: ProbeSpec
    settings: SettingsModel
    asserts: tuple[Condition, ...]
    degraded: tuple[Condition, ...]
    needs: frozenset[str]
    json_fields: frozenset[str] | None
    every: float
    timeout: float
    vantage: str = ""
    via: KnownProber | None = None
    per_vantage: tuple[BoundProbe, ...] = ()
    unusable: str = ""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def key(self) -> str:
        """The name, with the vantage if the probe has several."""
        return f"{self.name}@{self.vantage}" if self.vantage else self.name


def names_addresses(spec: ProbeSpec) -> bool:
    """Whether the probe needs to know where the sandbox is."""
    written = [spec.settings, *(own.settings for own in spec.vantages.values())]
    return next(named(written), None) is not None


def bind_all(
    specs: Iterable[ProbeSpec],
    addresses: Mapping[str, str],
    probers: Mapping[str, KnownProber] = MappingProxyType({}),
) -> list[BoundProbe]:
    """Binds every probe. One that cannot be bound, or not from one of its vantages, is `unusable`; others are not."""
    return [_bound_or_unusable(spec, addresses, probers) for spec in specs]


def _bound_or_unusable(spec: ProbeSpec, addresses: Mapping[str, str], probers: Mapping[str, KnownProber]) -> BoundProbe:
    try:
        return bind(spec, addresses, probers)
    except BadInput as error:
        said = str(error)
    if len(spec.vantages) > 1:
        each = [spec.model_copy(update={"vantages": {name: own}}) for name, own in spec.vantages.items()]
        bound = [probe for one in each for probe in _bound_or_unusable(one, addresses, probers).per_vantage]
        per_vantage = tuple(replace(probe, spec=spec) for probe in bound)
        return replace(per_vantage[0], per_vantage=per_vantage)
    probe = BoundProbe(
        spec=spec,
        settings=SettingsModel(),
        asserts=(),
        degraded=(),
        needs=frozenset(),
        json_fields=frozenset(),
        every=spec.every.total_seconds(),
        timeout=spec.timeout.total_seconds(),
        unusable=said.removeprefix(f"probe {spec.name}").partition(": ")[2],
    )
    return replace(probe, per_vantage=tuple(replace(probe, vantage=name) for name in spec.vantages))


def bind(
    spec: ProbeSpec, addresses: Mapping[str, str], probers: Mapping[str, KnownProber] = MappingProxyType({})
) -> BoundProbe:
    """The probe with these addresses filled in; `probers` are the remote ones that its vantages may name.

    Raises BadInput, naming the probe and the field, for an unknown kind, an address or a prober that is not there,
    settings that its kind does not have, and a condition that is not CEL.
    """
    kind = PROBE_KINDS.get(spec.kind)
    if kind is None:
        raise BadInput(f"probe {spec.name}: {spec.kind!r} is not a kind of probe; {PROBE_KINDS.why_not(spec.kind)}")
    asserts, degraded = (
        _compiled(spec.name, spec.assert_ or kind.unless_asserted),
        _compiled(spec.name, spec.degraded_when),
    )
    bound = BoundProbe(
        spec=spec,
        settings=_settings(spec, kind, spec.settings, addresses, spec.name),
        asserts=asserts,
        degraded=degraded,
        needs=frozenset[str]().union(*(condition.names for condition in (*asserts, *degraded))),
        json_fields=fields_of("json", asserts + degraded),
        every=spec.every.total_seconds(),
        timeout=spec.timeout.total_seconds(),
    )
    per_vantage = tuple(
        replace(
            bound,
            settings=_settings(spec, kind, {**spec.settings, **own.settings}, addresses, f"{spec.name} from {vantage}"),
            vantage=vantage,
            via=_prober(spec, vantage, own.via, probers),
        )
        for vantage, own in spec.vantages.items()
    )
    return replace(bound, per_vantage=per_vantage) if per_vantage else bound


def _prober(spec: ProbeSpec, vantage: str, via: str | None, probers: Mapping[str, KnownProber]) -> KnownProber | None:
    if via is None:
        return None
    if PROBE_KINDS[spec.kind].for_others is ForOthers.NEVER:
        raise BadInput(f"probe {spec.name} from {vantage}: a {spec.kind} probe checks this machine; leave 'via' out")
    if via not in probers:
        right = suggest(via, probers) if probers else "drills.yaml names none under 'probers'"
        raise BadInput(f"probe {spec.name} from {vantage}: there is no prober {via!r}; {right}")
    return probers[via]


def _settings(
    spec: ProbeSpec, kind: type[SettingsModel], written: Any, addresses: Mapping[str, str], who: str
) -> SettingsModel:
    try:
        return kind.model_validate(_fill(written, addresses, who))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or spec.kind
        raise BadInput(f"probe {who}: {spec.kind}.{field}: {first['msg'].removeprefix('Value error, ')}") from None


def _compiled(probe: str, texts: tuple[str, ...]) -> tuple[Condition, ...]:
    try:
        return tuple(compile_condition(literal(text)) for text in texts)
    except ConditionError as error:
        raise BadInput(f"probe {probe}: assert: {error}") from None


def _fill(value: Any, addresses: Mapping[str, str], probe: str) -> Any:
    def address(name: str) -> str:
        if name not in addresses:
            right = suggest(name, addresses) if addresses else "it has none while it is down"
            right += f"; write $${{{name}}} for that text itself"
            raise BadInput(f"probe {probe}: ${{{name}}} is not an address of the sandbox; {right}")
        return addresses[name]

    return filled(value, address)
