"""Waiting that leaves nothing behind: threads end, tasks end, and the first error is told."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from drills.waiting import alongside, in_thread


def test_work_in_a_thread_gives_its_result_and_its_error() -> None:
    assert asyncio.run(in_thread(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0))


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_thread_that_began_ends_before_its_cancellation_is_told_however_often_it_is_cancelled(times: int) -> None:
    began, go_on, ended = Event(), Event(), []

    def work() -> None:
        began.set()
        go_on.wait(30)
        ended.append(True)

    async def interrupted() -> None:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(began.wait, 30)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == [True]

    asyncio.run(interrupted())


def test_an_error_of_work_that_was_cancelled_is_not_left_unheard(caplog: pytest.LogCaptureFixture) -> None:
    began, go_on = Event(), Event()

    def work() -> None:
        began.set()
        go_on.wait(30)
        raise RuntimeError("too late")

    async def interrupted() -> None:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(began.wait, 30)
        task.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    assert caplog.records == []


class Recorded:
    """Coroutines that tell how they ended."""

    def __init__(self) -> None:
        self.ends: list[str] = []

    async def for_ever(self, name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # Tidying up takes its time.
            self.ends.append(name)

    async def failing(self) -> None:
        await asyncio.sleep(0)
        raise LookupError("background")


async def given_back(value: int) -> int:
    await asyncio.sleep(0)
    return value


def test_the_background_ends_with_the_main_work() -> None:
    seen = Recorded()
    assert asyncio.run(alongside(given_back(3), seen.for_ever("a"), seen.for_ever("b"))) == 3
    assert sorted(seen.ends) == ["a", "b"]


def test_a_background_that_ends_well_ends_nothing_else() -> None:
    async def slowly() -> int:
        for _ in range(5):
            await asyncio.sleep(0)
        return 4

    assert asyncio.run(alongside(slowly(), given_back(1))) == 4


def test_a_failing_background_ends_the_main_work_and_tells_its_own_error() -> None:
    seen = Recorded()
    with pytest.raises(LookupError, match="background"):
        asyncio.run(alongside(seen.for_ever("main"), seen.failing(), seen.for_ever("other")))
    assert sorted(seen.ends) == ["main", "other"]


def test_an_error_in_a_group_is_told_plainly() -> None:
    async def grouped() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Recorded().failing())

    for main, background in ((grouped(), Recorded().for_ever("x")), (Recorded().for_ever("x"), grouped())):
        with pytest.raises(LookupError, match="background"):
            asyncio.run(alongside(main, background))


@pytest.mark.parametrize("times", [1, 3])
def test_all_have_ended_when_it_was_cancelled(times: int) -> None:
    seen = Recorded()

    async def interrupted() -> None:
        task = asyncio.create_task(alongside(seen.for_ever("main"), seen.for_ever("other")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(seen.ends) == ["main", "other"]

    asyncio.run(interrupted())
