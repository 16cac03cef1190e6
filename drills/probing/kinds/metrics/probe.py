"""A Prometheus endpoint, scraped over a fresh connection and turned into rates and percentiles over a window."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, TypeVar, cast

from drills.probing.bind import BoundProbe
from drills.probing.kinds.http.probe import Exchange
from drills.probing.kinds.http.settings import HttpSettings
from drills.probing.kinds.metrics.exposition import ACCEPT, OPENMETRICS, ExpositionReader
from drills.probing.kinds.metrics.figures import Figures, as_named, counting, is_target, measure, started, wanted
from drills.probing.kinds.metrics.settings import MetricsSettings
from drills.probing.kinds.metrics.window import Window
from drills.probing.seen import Check, ProbeContext, Seen

T = TypeVar("T")


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that scrapes once and measures over the scrapes that it remembers."""
    settings = cast(MetricsSettings, probe.settings)
    asked = HttpSettings(url=settings.url, headers={"Accept": ACCEPT}, body_limit=settings.body_limit)
    exchange = Exchange(asked, probe.timeout, context, frozenset({"body"}))
    reader = ExpositionReader(wanted(settings.named))
    window = Window(settings.window.total_seconds(), counting(settings))

    async def check() -> Seen:
        seen = await exchange.ask()
        if seen.failure or seen.unknown:
            return seen
        if seen.values["status"] != 200:
            seen.failure = f"status {seen.values['status']}, not 200"
            return seen
        scraped_at = context.monotonic()
        kind = exchange.answer.content_type
        if "protobuf" in kind:
            seen.failure = f"it answers {kind.partition(';')[0]}, not text"
            return seen
        openmetrics = kind.strip().lower().startswith(OPENMETRICS)
        found = await _without_stalling(reader.reading(exchange.answer.text(), openmetrics=openmetrics))
        if not is_target(found, settings.named):
            said = f"; {found.problem}" if found.problem else ""
            seen.failure = f"none of its metrics is there, such as {settings.named.given[0]}{said}"
            return seen
        if found.problem:
            # What a line that cannot be read would have said is not known: neither is any figure of this scrape.
            seen.unknown = found.problem
            return seen
        found = as_named(found, settings.named)
        await _without_stalling(window.adding(scraped_at, found.samples, started(found)))
        _fill(seen, probe, measure(window, found, settings))
        return seen

    return check


def _fill(seen: Seen, probe: BoundProbe, figures: Figures) -> None:
    settings = cast(MetricsSettings, probe.settings)
    # Two probes of one endpoint must not both report the same figure: an alert names the probe that it comes from.
    reported = frozenset(settings.report) or settings.metrics
    seen.metrics = {name: each for name, each in figures.values.items() if name in reported}
    values: dict[str, Any] = {**seen.values, **figures.values}
    if "time" in probe.needs:
        values["time"] = {phase.replace("-", "_"): seconds for phase, seconds in seen.phases.items()}
    seen.values = values
    seen.unmeasured = {**figures.not_yet, **figures.unusable, **figures.not_there}
    # A target need not have every metric; one that somebody asks for, or that is there and says nothing, is missed.
    missed = [(name, why) for name, why in figures.unusable.items() if name in reported | probe.needs]
    missed += [(name, why) for name, why in figures.not_there.items() if name in probe.needs.union(settings.report)]
    if missed:
        seen.doubt = "{} cannot be measured: {}".format(*missed[0])


async def _without_stalling(steps: Generator[None, None, T]) -> T:
    """Goes through the steps; other probes have their turn in between."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(T, end.value)
        await asyncio.sleep(0)
