"""Blocking work that may never end, in a thread that keeps neither the caller nor the end of the process waiting.

`asyncio.to_thread` and executors wait for their threads at the end, and a few that hang use their pool up.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


def start_daemon(function: Callable[..., T], *arguments: Any, name: str) -> Future[T]:
    """Begin the work; its result, or what it raised, is in the future. Whoever gives up waiting leaves it behind."""
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()  # nobody can cancel it: asyncio's wrapper would otherwise seem to

    def work() -> None:
        try:
            outcome.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            outcome.set_exception(error)

    Thread(target=work, name=name, daemon=True).start()
    return outcome
