"""From a window of scrapes to the figures of `drills.model.metrics`, each with the reason when there is none. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drills.model.durations import format_duration
from drills.probing.kinds.metrics.exposition import Exposition, Series
from drills.probing.kinds.metrics.settings import BY_ROUTE, MetricNames, MetricsSettings
from drills.probing.kinds.metrics.window import Window, upper_bound

#: When a process began, seconds since the epoch: all Prometheus clients export it by this name.
START = "process_start_time_seconds"
#: A status by its number or its class: `503`, `5xx`, `503 Service Unavailable`.
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|xx)(?!\w)", re.IGNORECASE)
_FEW_LOGINS = 5
#: Failures of a route that make an error rate.
_SEVERAL = 2


class Unusable(Exception):
    """The metric is there, and the figure cannot be had of it; the text says why."""


class NotThere(Exception):
    """The target has no such metric."""


class NotYet(Exception):
    """Too little has happened so far."""


@dataclass(slots=True)
class Figures:
    """What was measured; and why a figure was not: nothing counted yet, unusable as it is, or not there at all."""

    values: dict[str, float | bool] = field(default_factory=dict)
    not_yet: dict[str, str] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    not_there: dict[str, str] = field(default_factory=dict)


def wanted(named: MetricNames) -> frozenset[str]:
    """All names whose series are to be read."""
    counters = {spelling for name in _given(named.requests, named.logins) for spelling in (name, _other_spelling(name))}
    histograms = {
        f"{name}{part}" for name in _given(named.seconds, named.external_seconds) for part in ("_bucket", "_count")
    }
    return frozenset({START, *_given(named.pool_in_use, named.pool_size)} | counters | histograms)


def is_target(found: Exposition, named: MetricNames) -> bool:
    """Whether the answer has or declares one of the metrics."""
    names = wanted(named) - {START}
    return any(name in found.names or _is_declared(name, found.types) for name in names)


def as_named(found: Exposition, named: MetricNames) -> Exposition:
    """The answer with the names of the settings.

    OpenMetrics appends `_total` to a counter, and some clients do so in one format only: the other spelling is taken
    where the one that was named is not there, and is no gauge.
    """
    for name in _given(named.requests, named.logins):
        other = _other_spelling(name)
        if name not in found.names and found.types.get(other, "") in ("counter", "unknown", "untyped", ""):
            for series in found.names.pop(other, ()):
                spelled = series._replace(name=name)
                found.samples[spelled] = found.samples.pop(series)
                found.names.setdefault(name, []).append(spelled)
    return found


def started(found: Exposition) -> float | None:
    """When the target's process began; None when it does not say, or speaks of several."""
    values = [found.samples[series] for series in found.names.get(START, ())]
    return values[0] if len(values) == 1 and math.isfinite(values[0]) else None


def counting(settings: MetricsSettings) -> Callable[[Series], Series | None]:
    """In which sum a series is counted: by its name and the labels that a figure depends on."""
    named = settings.named
    of_requests = (named.status_label, *((named.route_label,) if BY_ROUTE in settings.report else ()))
    decides: dict[str, tuple[str, ...]] = {}
    decides |= {f"{name}_bucket": ("le",) for name in _given(named.seconds, named.external_seconds)}
    decides |= dict.fromkeys(_given(named.logins), (named.login_label,))
    decides |= dict.fromkeys(_given(named.requests), of_requests)
    of_users = {named.requests, f"{named.seconds}_bucket"}
    ignored = frozenset(settings.ignore_routes)

    def counted_in(series: Series) -> Series | None:
        labels = decides.get(series.name)
        if labels is None or (series.name in of_users and series.label(named.route_label) in ignored):
            return None
        return Series(series.name, tuple(pair for pair in series.labels if pair[0] in labels))

    return counted_in


def measure(window: Window, last: Exposition, settings: MetricsSettings) -> Figures:
    """All figures over the window, whose last scrape is `last`."""
    target, figures = _Target(window, last, settings), Figures()
    kinds: tuple[tuple[tuple[str, ...], Callable[[], Sequence[float]]], ...] = (
        (("rpm",), target.per_minute),
        (("error_rate",), target.error_rate),
        ((BY_ROUTE,), target.worst_journey),
        (("p50", "p95", "p99"), lambda: target.percentiles("seconds", (0.50, 0.95, 0.99))),
        (("auth_failure_rate",), target.refused_logins),
        (("pool_in_use",), target.pool_in_use),
        (("external_api_latency",), lambda: target.percentiles("external-seconds", (0.95,))),
    )
    for names, figure in kinds:
        try:
            figures.values.update(zip(names, figure(), strict=True))
        except NotYet as why:
            figures.not_yet.update(dict.fromkeys(names, str(why)))
        except Unusable as why:
            figures.unusable.update(dict.fromkeys(names, str(why)))
        except NotThere as why:
            figures.not_there.update(dict.fromkeys(names, str(why)))
    return figures


class _Target:
    """What can be computed from one window of one target. Each figure raises Unusable, NotThere or NotYet."""

    def __init__(self, window: Window, last: Exposition, settings: MetricsSettings) -> None:
        self._window = window
        self._last = last
        self._settings = settings
        self._few = NotYet(f"too few requests in {format_duration(settings.window)}")

    def per_minute(self) -> Sequence[float]:
        grown = self._grown(self._name("requests"))
        return (sum(grown.values()) / self._window.span * 60,)

    def error_rate(self) -> Sequence[float]:
        requests, label = self._name("requests"), self._settings.named.status_label
        grown = self._labelled(requests, label, "status-label")
        count = sum(grown.values())
        if count < self._settings.min_requests:
            raise self._few
        if strange := [status for status, more in grown.items() if more > 0 and not _STATUS.match(status)]:
            raise Unusable(f"{requests} has {label}={strange[0]!r}, which is not an HTTP status")
        return (sum(more for status, more in grown.items() if status.startswith("5")) / count,)

    def worst_journey(self) -> Sequence[float]:
        """The highest error rate of one route; a single failure is no rate."""
        if BY_ROUTE not in self._settings.report:
            raise NotThere(f"it is measured where 'report' names it; write report: [{BY_ROUTE}]")
        self.error_rate()  # What prevents that one prevents this one.
        named, label = self._settings.named, self._settings.named.route_label
        by_route: dict[str, list[float]] = {}
        for series, more in self._grown(self._name("requests")).items():
            if not (route := series.label(label)):
                raise Unusable(f"{named.requests} has no label {label}; set named.route-label")
            counts = by_route.setdefault(route, [0.0, 0.0])
            counts[0] += more
            counts[1] += more if series.label(named.status_label).startswith("5") else 0.0
        return (max((failed / count for count, failed in by_route.values() if failed >= _SEVERAL), default=0.0),)

    def refused_logins(self) -> Sequence[float]:
        named = self._settings.named
        grown = self._labelled(self._name("logins"), named.login_label, "login-label")
        if sum(grown.values()) < min(self._settings.min_requests, _FEW_LOGINS):
            raise self._few
        return (sum(more for result, more in grown.items() if result not in named.login_ok) / sum(grown.values()),)

    def pool_in_use(self) -> Sequence[float]:
        used, whole = self._name("pool-in-use"), self._name("pool-size")
        in_use, size = self._gauge(used), self._gauge(whole)
        if size == 0:
            raise NotYet(f"{whole} is 0")
        if not (0 <= in_use < math.inf and 0 < size < math.inf):
            raise Unusable(f"{used} is {in_use:g} and {whole} is {size:g}")
        return (in_use / size,)

    def percentiles(self, setting: str, shares: tuple[float, ...]) -> Sequence[float]:
        name = self._name(setting)
        buckets = f"{name}_bucket"
        if buckets not in self._last.names and (
            f"{name}_count" in self._last.names or self._last.types.get(name) == "summary"
        ):
            raise Unusable(f"{name} is not a histogram: it has no series {buckets}")
        grown = self._grown(buckets)
        bounds = {upper_bound(series) for series in grown}
        if any(math.isnan(bound) for bound in bounds):
            raise Unusable(f"{buckets} has a series whose le is not a number")
        if grown and (math.inf not in bounds or len(bounds) < 2):
            raise Unusable(f'{buckets} has {"only" if len(bounds) < 2 else "not"} the bucket le="+Inf"')
        if sum(more for series, more in grown.items() if math.isinf(upper_bound(series))) < self._settings.min_requests:
            raise self._few
        found = self._window.quantiles(name, shares)
        if found is None:
            raise self._few
        return found

    def _name(self, setting: str) -> str:
        """What the target calls it."""
        name: str | None = getattr(self._settings.named, setting.replace("-", "_"))
        if name is None:
            raise NotThere(f"its name at the target is not configured; set named.{setting}")
        return name

    def _grown(self, name: str) -> Mapping[Series, float]:
        self._require(name)
        if self._window.several:
            raise Unusable("several processes answer in turn, as their start times show; name the address of one")
        if self._window.span <= 0:
            raise NotYet("growth needs a second scrape")
        if (odd := self._window.odd(name)) is not None:
            raise Unusable(f"a series of {name} is {odd:g}, which a counter cannot be")
        return self._window.increases(name)

    def _labelled(self, name: str, label: str, setting: str) -> Mapping[str, float]:
        grown = self._grown(name)
        if any(label not in dict(series.labels) for series in grown):
            there = sorted({key for series in self._last.names.get(name, ()) for key, _ in series.labels})
            raise Unusable(f"{name} has no label {label}, but {_listed(there)}; set named.{setting}")
        by_value: dict[str, float] = {}
        for series, more in grown.items():
            by_value[series.label(label)] = by_value.get(series.label(label), 0.0) + more
        return by_value

    def _gauge(self, name: str) -> float:
        self._require(name)
        if name not in self._last.names:
            raise NotYet(f"{name} has no value yet")
        return sum(self._last.samples[series] for series in self._last.names[name])

    def _require(self, name: str) -> None:
        if name not in self._last.names and not _is_declared(name, self._last.types):
            raise NotThere(f"there is no {name}")


def _is_declared(name: str, types: Mapping[str, str]) -> bool:
    """By the name of its family: OpenMetrics declares a counter without `_total`, both formats a histogram as such."""
    families = ((name.removesuffix("_total"), "counter"), (name.removesuffix("_bucket"), "histogram"))
    return name in types or any(types.get(family) == kind for family, kind in families)


def _given(*names: str | None) -> Iterator[str]:
    return (name for name in names if name is not None)


def _other_spelling(name: str) -> str:
    return name.removesuffix("_total") if name.endswith("_total") else f"{name}_total"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none at all"
