"""A held-open connection whose end makes the prober check at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from drills.clock import SystemClock
from drills.model.probe import Observation, Outcome
from drills.probing.engine.prober import Prober
from drills.probing.engine.tripwire import hold_tripwire, tripwire_target
from drills.probing.net.resolver import Resolver
from tests.fakes import FakeClock
from tests.probing.checking import both_ways, probe
from tests.probing.servers import never_answering, serving


def test_only_a_probe_that_asks_for_one_has_a_tripwire() -> None:
    assert tripwire_target(probe("http", {"url": "http://127.0.0.1:81/x"})) is None
    assert tripwire_target(probe("http", {"url": "http://127.0.0.1:81/x", "tripwire": True})) == ("127.0.0.1", 81)
    assert tripwire_target(probe("tcp", {"address": "127.0.0.1:82", "tripwire": True})) == ("127.0.0.1", 82)
    assert tripwire_target(probe("container", {"state": "x", "service": "web"})) is None


def test_it_trips_when_the_other_side_goes_once_more_if_it_is_gone_and_then_no_more() -> None:
    async def play() -> int:
        trips = 0
        tripped, held = asyncio.Event(), asyncio.Event()

        def trip() -> None:
            nonlocal trips
            trips += 1
            tripped.set()

        async def accepting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            held.set()
            await never_answering(reader, writer)

        clock = FakeClock()
        async with serving(accepting) as port:
            holding = asyncio.create_task(hold_tripwire("127.0.0.1", port, trip, Resolver(), clock))
            await asyncio.wait_for(held.wait(), 10)
            assert trips == 0
        await asyncio.wait_for(tripped.wait(), 10)
        for _ in range(20):  # it tries to connect again and again, in vain
            await clock.advance(1)
            await asyncio.sleep(0.001)
        holding.cancel()
        with suppress(asyncio.CancelledError):
            await holding
        return trips

    assert asyncio.run(play()) == 2


def test_a_crash_between_two_checks_is_seen_at_once() -> None:
    """The interval is an hour, so only the tripwire can have made the prober check."""

    async def play() -> Observation:
        held, seen = asyncio.Event(), asyncio.Queue[Observation]()

        async def accepting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            held.set()
            await never_answering(reader, writer)

        async with serving(accepting) as port:
            bound = probe("tcp", {"address": f"127.0.0.1:{port}", "tripwire": True}, name="app", every="1h")
            running = asyncio.create_task(Prober([bound], seen.put_nowait, clock=SystemClock()).run())
            await asyncio.wait_for(held.wait(), 10)
        try:
            while (observation := await asyncio.wait_for(seen.get(), 10)).outcome is Outcome.PASS:
                pass
            return observation
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    observation = asyncio.run(play())
    assert (observation.outcome, observation.attempt) == (Outcome.FAIL, 1)


def test_it_is_held_at_the_first_address_that_takes_connections() -> None:
    async def play() -> None:
        held = asyncio.Event()

        async def accepting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            held.set()
            await never_answering(reader, writer)

        async with serving(accepting) as port:
            names = Resolver(lookup=both_ways)
            holding = asyncio.create_task(hold_tripwire("shop.test", port, lambda: None, names, FakeClock()))
            try:
                await asyncio.wait_for(held.wait(), 10)
            finally:
                holding.cancel()
                with suppress(asyncio.CancelledError):
                    await holding
                names.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("kind", "settings", "target"),
    [
        ("http", {"url": "https://shop.test/@me?a@b=c"}, ("shop.test", 443)),
        ("tcp", {"address": "shop.test:81"}, ("shop.test", 81)),
        ("postgres", {"url": "postgres://u:p@db.test/shop"}, ("db.test", 5432)),
        ("postgres", {"url": "postgresql:///shop?host=db.test&port=5433"}, ("db.test", 5433)),
        ("postgres", {"url": "postgresql:///shop?host=/run/postgresql"}, None),
        ("redis", {"url": "rediss://:p@cache.test/0"}, ("cache.test", 6379)),
        ("redis", {"url": "unix:///run/redis.sock"}, None),
    ],
)
def test_a_tripwire_is_held_where_the_probe_checks(
    kind: str, settings: dict[str, Any], target: tuple[str, int] | None
) -> None:
    assert tripwire_target(probe(kind, {**settings, "tripwire": True})) == target
    assert tripwire_target(probe(kind, settings)) is None
