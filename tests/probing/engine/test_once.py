"""Checks for people, once with each probe."""

from __future__ import annotations

import asyncio
import socket

from drills.model.probe import Observation, Outcome, ProbeSpec, probe_from
from drills.probing.engine.once import check_once
from tests.probing.servers import answering, serving


def test_a_probe_is_checked_once_from_each_of_its_vantages() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]

    async def play() -> tuple[Observation, ...]:
        async with serving(answering(b"{}")) as port:
            door = {
                "name": "door",
                "http": {"url": "${app}/"},
                "vantages": {"edge": {"url": f"http://127.0.0.1:{nobody}/"}, "around": {}},
                "assert": ["status == 200"],
            }
            plain = {"name": "plain", "http": {"url": "${app}/"}}
            specs = [ProbeSpec.model_validate(spec) for spec in (plain, door)]
            return await check_once(specs, {"app": f"http://127.0.0.1:{port}"})

    seen = asyncio.run(play())
    assert [(probe_from(check.probe, check.vantage), check.outcome) for check in seen] == [
        ("plain", Outcome.PASS),
        ("door from edge", Outcome.FAIL),
        ("door from around", Outcome.PASS),
    ]
