"""An engine whose checks follow a script and whose time a test moves: no network, no waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from drills.model.probe import Observation, ProbeSpec
from drills.probing.bind import BoundProbe, bind
from drills.probing.engine.prober import Prober
from drills.probing.seen import Check, ProbeContext, Seen
from tests.fakes import FakeClock, settle

#: What the nth check of a probe does: how many seconds it takes, and what it sees.
Script = Callable[[int], tuple[float, Seen]]


def at_once(_: int) -> tuple[float, Seen]:
    return 0.0, Seen()


def failing(_: int) -> tuple[float, Seen]:
    return 0.0, Seen(failure="connection refused")


def hanging(seconds: float) -> Script:
    return lambda _: (seconds, Seen(failure=f"no answer within {seconds:g} s"))


def named(name: str, every: str = "10s", **more: object) -> BoundProbe:
    return bind(ProbeSpec.model_validate({"name": name, "tcp": {"address": "a:1"}, "every": every, **more}), {})


@dataclass
class Stage:
    """What a test sees: the clock to move, the engine, the observations so far, which probes check right now."""

    clock: FakeClock
    prober: Prober
    seen: list[Observation] = field(default_factory=list)
    checking: dict[str, int] = field(default_factory=dict)
    most_at_once: dict[str, int] = field(default_factory=dict)

    def of(self, name: str) -> list[Observation]:
        return [observation for observation in self.seen if observation.probe == name]


@asynccontextmanager
async def staged(
    probes: Sequence[BoundProbe],
    scripts: dict[str, Script] | Script = at_once,
    *,
    concurrency: int = 4096,
    connected: Callable[[], bool] = lambda: True,
    sink: Callable[[Observation], None] | None = None,
) -> AsyncIterator[Stage]:
    """A running engine; it is stopped when the block ends."""
    clock = FakeClock()

    def prepare(probe: BoundProbe, _context: ProbeContext) -> Check:
        script = scripts if callable(scripts) else scripts.get(probe.key, at_once)
        counted = iter(range(10**9))

        async def check() -> Seen:
            stage.checking[probe.key] = now = stage.checking.get(probe.key, 0) + 1
            stage.most_at_once[probe.key] = max(now, stage.most_at_once.get(probe.key, 0))
            try:
                seconds, seen = script(next(counted))
                if seconds:
                    await clock.sleep(seconds)
                return seen
            finally:
                stage.checking[probe.key] -= 1

        return check

    async def connectivity() -> bool:
        return connected()

    def keep(observation: Observation) -> None:
        stage.seen.append(observation)
        if sink is not None:
            sink(observation)

    prober = Prober(probes, keep, clock=clock, concurrency=concurrency, prepare=prepare, connectivity=connectivity)
    stage = Stage(clock, prober)
    running = asyncio.create_task(prober.run())
    await settle()
    try:
        yield stage
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
