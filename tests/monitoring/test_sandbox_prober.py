"""Probes go on while the sandbox comes, goes and moves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from drills.clock import SystemClock
from drills.json_log import JsonLog
from drills.model.probe import Observation, Outcome, ProbeSpec
from drills.monitoring import sandbox_prober
from drills.monitoring.sandbox_prober import SandboxProber
from drills.probing.remote.config import KnownProber
from drills.sandbox.sandbox import Sandbox
from tests.service.waiting import becomes

PROBE = ProbeSpec(name="port", kind="tcp", settings={"address": "${app}"})


def at(addresses: dict[str, str]) -> Sandbox:
    """A sandbox of which only the addresses are known."""
    return cast(Sandbox, SimpleNamespace(addresses=addresses))


@contextlib.contextmanager
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_probes_wait_for_a_sandbox_that_is_down_and_follow_one_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_prober, "_CHECK", 0.01)
    clock = SystemClock()
    said: list[str] = []
    seen: list[Observation] = []
    addresses: dict[str, str] = {}

    async def run() -> None:
        checks = SandboxProber([PROBE], at(addresses), seen.append, json_log=JsonLog(said.append, clock), clock=clock)
        checks.check_now("port")
        running = asyncio.create_task(checks.run())
        await becomes(lambda: bool(said))
        with listening() as first, listening() as second:
            for address in (first, second):
                addresses["app"] = address
                lines = len(said)
                await becomes(lambda lines=lines: len(said) > lines)  # type: ignore[misc]
                before = len(seen)
                checks.check_now("port")
                await becomes(lambda before=before: len(seen) > before)  # type: ignore[misc]
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())
    assert [json.loads(line)["event"] for line in said] == ["sandbox-down", "probing", "probing"]
    assert {observation.outcome for observation in seen} == {Outcome.PASS}


def test_a_vantage_elsewhere_is_checked_from(tmp_path: Path) -> None:
    clock = SystemClock()
    spec = ProbeSpec.model_validate(
        {"name": "port", "tcp": {"address": "127.0.0.1:1"}, "vantages": {"elsewhere": {"via": "paris"}}}
    )
    seen: list[Observation] = []

    def checks(**known: KnownProber) -> SandboxProber:
        json_log = JsonLog(lambda _: None, clock)
        return SandboxProber([spec], at({"app": "a"}), seen.append, json_log=json_log, clock=clock, probers=known)

    async def run() -> None:
        gone = checks(paris=KnownProber("paris", "http://127.0.0.1:1", tmp_path / "none"))
        running = asyncio.create_task(gone.run())
        await becomes(lambda: gone._prober is not None)
        gone.check_now("port")
        await becomes(lambda: bool(seen))
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())
    assert {check.outcome for check in seen} == {Outcome.UNKNOWN}


def test_a_probe_that_cannot_check_is_said_once_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_prober, "_CHECK", 0.01)
    clock = SystemClock()
    specs = [
        PROBE,
        ProbeSpec(name="nowhere", kind="tcp", settings={"address": "${nowhere}"}),
        ProbeSpec(name="portless", kind="tcp", settings={"address": "localhost"}),
        ProbeSpec.model_validate({"name": "far", "tcp": {"address": "a:1"}, "vantages": {"paris": {"via": "paris"}}}),
    ]
    said: list[str] = []
    seen: dict[str, Observation] = {}
    addresses: dict[str, str] = {}

    async def run() -> None:
        checks = SandboxProber(
            specs,
            at(addresses),
            lambda observation: seen.update({observation.probe: observation}),
            json_log=JsonLog(said.append, clock),
            clock=clock,
        )
        with listening() as first, listening() as second:
            addresses["app"] = first
            running = asyncio.create_task(checks.run())
            await becomes(lambda: checks._prober is not None)
            for spec in specs:
                checks.check_now(spec.name)
            await becomes(lambda: len(seen) == len(specs))
            addresses["app"] = second
            await becomes(lambda: sum('"probing"' in line for line in said) == 2)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    asyncio.run(run())
    unusable = {line["probe"]: line["reason"] for line in map(json.loads, said) if line["event"] == "probe-unusable"}
    assert sum('"probe-unusable"' in line for line in said) == len(unusable) == 3
    assert unusable["nowhere"].startswith("${nowhere} is not an address of the sandbox")
    assert "host:port" in unusable["portless"]
    assert "there is no prober 'paris'" in unusable["far@paris"]
    assert seen["port"].outcome is Outcome.PASS
    for name in ("nowhere", "portless"):
        assert (seen[name].outcome, seen[name].reason) == (Outcome.UNKNOWN, unusable[name])
