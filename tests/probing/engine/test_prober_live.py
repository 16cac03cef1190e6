"""The engine with real sockets: targets that hang, and a stop in the middle."""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress

import psutil

from drills.model.probe import Observation, Outcome, ProbeSpec
from drills.probing.bind import BoundProbe, bind
from drills.probing.engine.prober import Prober
from tests.probing.servers import answering, never_answering, serving


def http(name: str, port: int, every: str, timeout: str) -> BoundProbe:
    fields = {"name": name, "http": {"url": f"http://127.0.0.1:{port}/"}, "every": every, "timeout": timeout}
    return bind(ProbeSpec.model_validate({**fields, "assert": ["status == 200"]}), {})


async def stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def test_a_thousand_hanging_connections_leave_healthy_targets_their_checks() -> None:
    """Nobody gives up on the hanging ones in this test's time: what is seen was seen beside all of them."""

    async def play() -> list[Observation]:
        seen: list[Observation] = []
        enough = asyncio.Event()
        hanging = 0

        def sink(observation: Observation) -> None:
            seen.append(observation)
            if len(seen) >= 60:
                enough.set()

        async def holding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal hanging
            hanging += 1
            if hanging == 1000:
                seen.clear()
            await never_answering(reader, writer)

        async with serving(holding) as hung, serving(answering(b"{}")) as well:
            probes = [http(f"hung-{n}", hung, "1s", "60s") for n in range(1000)]
            probes += [http(f"well-{n}", well, "1s", "5s") for n in range(20)]
            running = asyncio.create_task(Prober(probes, sink).run())
            await asyncio.wait_for(enough.wait(), 60)
            await stop(running)
        assert hanging == 1000
        return seen

    seen = asyncio.run(play())
    assert {observation.probe.split("-")[0] for observation in seen} == {"well"}
    assert {observation.outcome for observation in seen} == {Outcome.PASS}


def test_stopping_closes_every_connection() -> None:
    async def play() -> tuple[int, int]:
        before = psutil.Process().num_fds()
        connected = asyncio.Event()

        async def holding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.set()
            await never_answering(reader, writer)

        async with serving(holding) as hung:
            probes = [http(f"hung-{n}", hung, "1s", "60s") for n in range(50)]
            running = asyncio.create_task(Prober(probes, lambda _: None).run())
            await asyncio.wait_for(connected.wait(), 30)
            await stop(running)
        await asyncio.sleep(0)
        return before, psutil.Process().num_fds()

    before, after = asyncio.run(play())
    assert after <= before


def test_descriptors_that_ran_out_are_the_probers_own_want() -> None:
    """With no descriptor left a check is unknown: the target is neither up nor down."""

    async def play() -> Observation:
        got: asyncio.Queue[Observation] = asyncio.Queue()
        async with serving(answering(b"{}")) as port:
            prober = Prober([http("one", port, "1s", "2s"), http("two", port, "1s", "2s")], got.put_nowait)
            running = asyncio.create_task(prober.run())
            await asyncio.wait_for(got.get(), 30)
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
            try:
                while (observation := await asyncio.wait_for(got.get(), 30)).outcome is Outcome.PASS:
                    pass
                return observation
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                await stop(running)

    observation = asyncio.run(play())
    assert observation.outcome is Outcome.UNKNOWN
    assert observation.reason == "the prober could not run the check: too many open files"
