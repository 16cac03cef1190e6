"""Several threads that work until one of them ends: then all stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Thread


def until_one_ends(works: Sequence[Callable[[], None]], *, seconds: float) -> None:
    """Run all at the same time; returns when the first has ended, in whatever way, or after the given seconds.

    The others are left behind: the process is about to end.
    """
    over = Event()

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            over.set()

    for work in works:
        Thread(target=run, args=(work,), daemon=True).start()
    over.wait(seconds)
