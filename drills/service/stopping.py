"""Runs the parts of the service together until it is told to stop, or one of them fails."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from drills.errors import DrillsError


def ending_signals() -> tuple[signal.Signals, ...]:
    """SIGINT, SIGTERM and SIGHUP (the terminal was closed), which stays ignored for whoever asked so (`nohup`)."""
    asked = (signal.SIGINT, signal.SIGTERM)
    return asked if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (*asked, signal.SIGHUP)


async def until_told_to_stop(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts until one of the `ending_signals`, then cancel them and wait for their ends.

    An error of a part ends the others, and is raised as itself.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    numbers = ending_signals()
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    running = [asyncio.ensure_future(part) for part in parts]
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([*running, stopped], return_when=asyncio.FIRST_COMPLETED)
    finally:
        failed = [task for task in running if task.done() and not task.cancelled() and task.exception()]
        for task in (*running, stopped):
            task.cancel()
        await asyncio.gather(*running, stopped, return_exceptions=True)
        for number in numbers:
            loop.remove_signal_handler(number)
    for task in failed:
        raise _plainly(task.exception())


def _plainly(error: BaseException | None) -> BaseException:
    """The first error that a user can read, out of what a task group raised."""
    if isinstance(error, BaseExceptionGroup):
        readable = error.subgroup(DrillsError)
        inner: BaseException = readable or error
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        return inner
    return error or RuntimeError("a part of the service ended")
