"""Two ways of waiting that leave nothing running when they are cancelled, even repeatedly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(function: Callable[..., T], *arguments: Any, hurry: Callable[[], None] = lambda: None) -> T:
    """Run blocking work in a thread, to its end even when cancelled; `hurry` is called then.

    What was begun must be known before anything is undone; so the cancellation is raised only after the work ended.
    """
    work = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        hurry()
        await _ended([work])
        if not work.cancelled():
            work.exception()
        raise


async def alongside(main: Coroutine[Any, Any, T], *background: Coroutine[Any, Any, Any]) -> T:
    """Run `main` while `background` runs; end the background when main ends, and main when any background fails.

    Raises the first error of either, not wrapped in a group. All have ended when this returns or raises.
    """
    chief = asyncio.ensure_future(main)
    others = {asyncio.ensure_future(coroutine) for coroutine in background}
    try:
        waiting: set[asyncio.Future[Any]] = {chief, *others}
        while not chief.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {chief}:
                if (error := task.exception()) is not None:
                    raise _plain(error)
        return chief.result()
    except BaseExceptionGroup as error:
        raise _plain(error) from None
    finally:
        for task in (chief, *others):
            task.cancel()
        again = await _ended([chief, *others])
        for task in (chief, *others):
            if not task.cancelled():
                task.exception()
        if again is not None:
            raise again


async def _ended(tasks: Iterable[asyncio.Future[Any]]) -> asyncio.CancelledError | None:
    """Wait until all have ended, also through further cancellations; returns the last of these."""
    again = None
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            again = error
    return again


def _plain(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error
