"""Runs probes for a person, once or at their intervals, without alerts and without a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from drills.model.probe import Observation, ProbeSpec
from drills.probing.bind import bind_all
from drills.probing.engine.prober import Prober
from drills.probing.remote.config import KnownProber
from drills.sandbox.sandbox import Sandbox

#: A metrics probe compares two checks; this many seconds apart, the difference is meaningful.
_BETWEEN = 2.0


async def check_once(
    specs: Sequence[ProbeSpec],
    addresses: Mapping[str, str],
    probers: Mapping[str, KnownProber] = MappingProxyType({}),
    sandbox: Sandbox | None = None,
) -> tuple[Observation, ...]:
    """One observation of each probe from each of its vantages, in the order given; a metrics probe gives its second."""
    if not specs:
        return ()
    wanted = {
        (spec.name, vantage): 2 if spec.kind == "metrics" else 1 for spec in specs for vantage in spec.checked_from
    }
    seen: dict[tuple[str, str], list[Observation]] = {key: [] for key in wanted}
    done = asyncio.Event()

    def take(observation: Observation) -> None:
        seen[observation.probe, observation.vantage].append(observation)
        if all(len(seen[key]) >= count for key, count in wanted.items()):
            done.set()

    prober = Prober(bind_all(specs, addresses, probers), take, sandbox=sandbox)
    running = asyncio.create_task(prober.run())
    try:
        await asyncio.sleep(0)
        for spec in specs:
            prober.check_now(spec.name)
        if 2 in wanted.values():
            await asyncio.sleep(_BETWEEN)
            for spec in specs:
                if spec.kind == "metrics":
                    prober.check_now(spec.name)
        await _either(done, running)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return tuple(seen[key][count - 1] for key, count in wanted.items())


async def check_on(
    specs: Sequence[ProbeSpec],
    addresses: Mapping[str, str],
    show: Callable[[Observation], None],
    probers: Mapping[str, KnownProber] = MappingProxyType({}),
    sandbox: Sandbox | None = None,
) -> None:
    """Run each probe at its interval until cancelled."""
    await Prober(bind_all(specs, addresses, probers), show, sandbox=sandbox).run()


async def _either(done: asyncio.Event, running: asyncio.Task[None]) -> None:
    waiting = asyncio.ensure_future(done.wait())
    await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()
