"""The key metrics as monitoring measured them, before the fault, at their worst, and at the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from drills.model import events as e
from drills.model.metrics import CATALOGUE, Unit
from drills.model.playbook import Milestone
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.reporting.wording import metric_value

#: What every report has, measured or not (the NutriProfile document's key metrics).
KEY_METRICS: tuple[tuple[str, str], ...] = (
    ("error_rate", "5xx rate"),
    ("p50", "Response time p50"),
    ("p95", "Response time p95"),
    ("p99", "Response time p99"),
    ("rpm", "Requests per minute"),
    ("database_connections", "Database connections"),
    ("memory", "Memory"),
    ("cpu", "CPU"),
    ("disk", "Disk"),
    ("external_api_latency", "External API latency"),
)

#: Metrics whose worst value is the smallest.
_LESS_IS_WORSE = frozenset({"rpm"})


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of one probe, in words and as numbers (shares 0 to 1, seconds); None where not measured."""

    name: str
    label: str
    probe: str
    baseline: float | None
    worst: float | None
    end: float | None

    @property
    def measured(self) -> bool:
        return self.probe != ""

    @property
    def texts(self) -> tuple[str, str, str]:
        """Baseline, worst and end as text."""
        return (
            metric_value(self.name, self.baseline),
            metric_value(self.name, self.worst),
            metric_value(self.name, self.end),
        )


def metric_lines(timeline: Timeline, card: Scorecard) -> tuple[MetricLine, ...]:
    """The key metrics, then whatever else was measured; truths (a probe is down) are left to the probes' table."""
    values: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for check in timeline.all(e.ProbeObserved):
        for name, value in check.metrics.items():
            known = CATALOGUE.get(name)
            if not isinstance(value, bool) and math.isfinite(value) and (known is None or known.unit is not Unit.TRUTH):
                values.setdefault((name, check.probe), []).append((check.t, value))
    if not values:
        return ()
    window = _baseline(timeline, card)
    lines = []
    labels = dict(KEY_METRICS)
    for name in (*labels, *sorted({name for name, _ in values} - labels.keys())):
        label = labels.get(name, name.replace("_", " ").capitalize())
        probes = sorted(probe for metric, probe in values if metric == name)
        lines += [_line(name, label, probe, values[name, probe], window) for probe in probes]
        if not probes:
            lines.append(MetricLine(name, label, "", None, None, None))
    return tuple(lines)


def _baseline(timeline: Timeline, card: Scorecard) -> tuple[float, float]:
    """All checks before the injection are the baseline: the measured window of traffic may hold no check at all."""
    injected = card.milestones.get(Milestone.INJECTED)
    fault = timeline.first(e.FaultApplied)
    until = injected if injected is not None else fault.t if fault is not None else math.inf
    ended = timeline.last(e.DrillEnded)
    return until, ended.t if ended is not None else math.inf


def _line(
    name: str, label: str, probe: str, values: Sequence[tuple[float, float]], window: tuple[float, float]
) -> MetricLine:
    injected, ended = window
    before = [value for t, value in values if t < injected]
    after = [value for t, value in values if injected <= t <= ended]
    worst = min if name in _LESS_IS_WORSE else max
    scored = [value for t, value in values if t <= ended]
    return MetricLine(
        name,
        label,
        probe,
        baseline=median(before) if before else None,
        worst=worst(after) if after else None,
        end=scored[-1] if scored else None,
    )
