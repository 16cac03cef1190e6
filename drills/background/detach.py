"""Goes on in the background once the work has begun, so that its start can be waited for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

READY = "ready"


def detach(work: Callable[[Callable[[str], None]], None]) -> int:
    """Do the work in a child in the background; returns the exit status of the program once the child has spoken.

    The work is given a function that sends the parent READY, or why it cannot be done, in one line; only the first
    word counts. It must import what starts threads itself: none may exist before the fork.
    """
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read().strip()
        if said == READY:
            return 0
        print(said or "the program ended at once", file=sys.stderr)
        return 1
    os.close(reading)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)

    listening = [writing]

    def say(word: str) -> None:
        # After the first word nobody listens, and the number of the pipe may be that of another file.
        while listening:
            with suppress(OSError), os.fdopen(listening.pop(), "w") as pipe:
                pipe.write(word)

    work(say)
    os._exit(0)
