"""The parts of the service end together: when told to, and when one of them fails."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from drills.errors import BadInput
from drills.service.stopping import until_told_to_stop


def test_an_error_of_one_part_ends_the_others_and_is_raised_as_itself() -> None:
    ended: list[str] = []

    async def goes_on() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("the other part")

    async def fails() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(broken())

    async def broken() -> None:
        raise BadInput("drills.yaml: schedule: cron: five fields, please")

    with pytest.raises(BadInput, match="five fields"):
        asyncio.run(until_told_to_stop(goes_on(), fails()))
    assert ended == ["the other part"]


@pytest.fixture
def hangup() -> Iterator[None]:
    """SIGHUP as a terminal's programs have it, however this process was started; and as it was, afterwards."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def _signalled(number: signal.Signals, ended: list[str]) -> None:
    os.kill(os.getpid(), number)
    try:
        await asyncio.sleep(0.2)
        ended.append("by itself")
    except asyncio.CancelledError:
        ended.append("told to")
        raise


@pytest.mark.usefixtures("hangup")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_service_in_peace(number: signal.Signals) -> None:
    ended: list[str] = []
    asyncio.run(until_told_to_stop(_signalled(number, ended)))
    assert ended == ["told to"]


@pytest.mark.usefixtures("hangup")
def test_under_nohup_the_service_outlives_its_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ended: list[str] = []
    asyncio.run(until_told_to_stop(_signalled(signal.SIGHUP, ended)))
    assert ended == ["by itself"]
