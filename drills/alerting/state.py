"""The state of alerting: what is known about probes, metrics, thresholds and open alerts. All of it is immutable."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from drills.alerting.alert_id import AlertId
from drills.alerting.persistent_map import PersistentMap
from drills.alerting.probe_state import ProbeState
from drills.model.probe import LOCAL, Role


@dataclass(frozen=True, slots=True)
class Reading:
    """The latest value of a metric, who measured it from where, and until when it may be relied on."""

    t: float
    probe: str
    value: float | bool
    good_until: float
    vantage: str = LOCAL


@dataclass(frozen=True, slots=True)
class Holding:
    """Whether one threshold's condition holds, and since when.

    Time in which it was unknown does not count: `since` moves on by it. `verdict` is the last one that was known. While
    it `wavers`, the probes behind it are still down or degraded, but their last checks passed: nothing is reached then,
    and the time counts if they fail again.
    """

    verdict: bool | None = None
    since: float = 0.0
    unknown_since: float | None = None
    wavers: bool = False

    def judged(self, verdict: bool | None, t: float, *, wavers: bool = False) -> Holding:
        """After a judgement at `t`; None when a value that the condition needs is missing, or it wavers."""
        if verdict is None:
            if self.verdict is None:
                return self
            if self.unknown_since is None:
                return Holding(self.verdict, self.since, t, wavers)
            return self if self.wavers <= wavers else Holding(self.verdict, self.since, self.unknown_since)
        if verdict is not self.verdict:
            return Holding(verdict, t)
        if self.unknown_since is not None:
            return Holding(verdict, self.since + (0.0 if self.wavers else t - self.unknown_since))
        return self

    def has_held(self, seconds: float, t: float) -> bool:
        """Whether it has held for this long; one that had before it became unknown still counts as held."""
        until = t if self.unknown_since is None else self.unknown_since
        return self.verdict is True and until >= self.since + seconds


@dataclass(frozen=True, slots=True)
class Open:
    """An open alert. `lower_since`: since when less than its level would be due; `lower_rank`: the worst since then."""

    alert_id: AlertId
    rank: int
    lower_since: float | None = None
    lower_rank: int | None = None
    held_open: bool = False


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key: its thresholds, its open alert if any, and how often it fired.

    While other alerts explain this one, `propagated_rank` is the rank that it adds to them, and `propagates_to` are
    their keys. `rejudge_at` is the time at which it has to be judged again without new evidence; `failing_from` are the
    probes and vantages that were last reported as failing.
    """

    holdings: tuple[Holding, ...]
    open: Open | None = None
    count: int = 0
    fires: tuple[float, ...] = ()
    suppressed: bool = False
    propagated_rank: int | None = None
    propagates_to: tuple[str, ...] = ()
    because: str = ""
    rejudge_at: float | None = None
    failing_from: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tally:
    """The probes of one role: which are down, how many are up, and which are degraded or down.

    The rest is undecided or unknown.
    """

    down: frozenset[str] = frozenset()
    up: int = 0
    degraded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AlertState:
    """Everything that alerting remembers. `AlertState()` is the empty start; a new one is made by each call.

    `pending` are the keys that the evidence of moment `t` affects; they are judged when that moment is over. `agenda`
    has the times at which keys must be judged again, earliest first. `probes` has the state of every probe as a whole,
    `vantage_states` that of each vantage of probes with vantages.
    """

    t: float = 0.0
    began: float | None = None
    probes: PersistentMap[ProbeState] = field(default_factory=PersistentMap)
    metrics: Mapping[str, Reading] = field(default_factory=lambda: MappingProxyType({}))
    keys: PersistentMap[KeyState] = field(default_factory=PersistentMap)
    roles: Mapping[Role, Tally] = field(default_factory=lambda: MappingProxyType({}))
    down: int = 0
    degraded: int = 0
    pending: frozenset[str] = frozenset()
    agenda: tuple[tuple[float, str], ...] = ()
    silence_at: float = float("inf")
    vantage_states: PersistentMap[ProbeState] = field(default_factory=PersistentMap)

    def open_alerts(self) -> dict[str, Open]:
        """Key → open alert."""
        return {key: state.open for key, state in self.keys.items() if state.open is not None}

    def probe(self, name: str) -> ProbeState | None:
        """The state of a probe; None when it was never checked."""
        return self.probes.find(name)


def with_entry(agenda: tuple[tuple[float, str], ...], t: float, key: str) -> tuple[tuple[float, str], ...]:
    """The agenda with one more entry."""
    entries = list(agenda)
    insort(entries, (t, key))
    return tuple(entries)
