"""Probes go on while the sandbox comes, goes and moves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.clock import SystemClock
from drills.core.probe import Observation, Outcome, ProbeSpec
from drills.errors import BadInput
from drills.probing.elsewhere.known import KnownProber
from drills.service import looking
from drills.service.lines import Lines
from drills.service.looking import Looking
from tests.service.waiting import becomes

PROBE = ProbeSpec(name="port", kind="tcp", settings={"address": "${app}"})


@contextlib.contextmanager
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_probes_wait_for_a_sandbox_that_is_down_and_follow_one_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "_CHECK", 0.01)
    clock = SystemClock()
    said: list[str] = []
    seen: list[Observation] = []
    addresses: dict[str, str] = {}

    async def run() -> None:
        looks = Looking([PROBE], lambda: addresses, seen.append, lines=Lines(said.append, clock), clock=clock)
        looks.look_now("port")
        running = asyncio.create_task(looks.run())
        await becomes(lambda: bool(said))
        with listening() as first, listening() as second:
            for address in (first, second):
                addresses["app"] = address
                lines = len(said)
                await becomes(lambda lines=lines: len(said) > lines)  # type: ignore[misc]
                before = len(seen)
                looks.look_now("port")
                await becomes(lambda before=before: len(seen) > before)  # type: ignore[misc]
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())
    assert [json.loads(line)["event"] for line in said] == ["sandbox-down", "probing", "probing"]
    assert {observation.outcome for observation in seen} == {Outcome.PASS}


def test_a_vantage_elsewhere_is_looked_from_and_one_that_nobody_knows_is_told(tmp_path: Path) -> None:
    clock = SystemClock()
    spec = ProbeSpec.model_validate(
        {"name": "port", "tcp": {"address": "127.0.0.1:1"}, "vantages": {"elsewhere": {"via": "paris"}}}
    )
    seen: list[Observation] = []

    def looks(**known: KnownProber) -> Looking:
        lines = Lines(lambda _: None, clock)
        return Looking([spec], lambda: {"app": "a"}, seen.append, lines=lines, clock=clock, probers=known)

    async def run() -> None:
        gone = looks(paris=KnownProber("paris", "http://127.0.0.1:1", tmp_path / "none"))
        running = asyncio.create_task(gone.run())
        await becomes(lambda: gone._prober is not None)
        gone.look_now("port")
        await becomes(lambda: bool(seen))
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        with pytest.raises(BadInput, match="there is no prober 'paris'; did you mean pari"):
            await looks(pari=KnownProber("pari", "http://127.0.0.1:1", tmp_path / "none")).run()

    asyncio.run(run())
    assert {look.outcome for look in seen} == {Outcome.UNKNOWN}
