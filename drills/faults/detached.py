"""Programs of faults that outlive the runner: started so that their start is waited for, and found by a mark.

    launch ──► python -m MODULE … ──► detach: a child in the background says "ready" ──► launch returns

The mark is an environment variable; the undo ends whatever bears it (`drills.faults.leftovers`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from drills.errors import EnvironmentFailed
from drills.sandbox.protocol import Sandbox

#: Longer than any drill: what nobody undid must not stay for ever.
LONGEST_SECONDS = 4 * 3600.0

READY = "ready"


def mark_of(sandbox: Sandbox, name: str) -> str:
    """A mark that no program of another sandbox on this machine has."""
    # The state file tells sandboxes apart, also after the database moved to another port.
    place = sandbox.addresses.get("state") or sandbox.addresses["database"]
    return f"{name}@{place}"


def launch(module: str, arguments: Sequence[str], environment: Mapping[str, str], *, what: str, timeout: float) -> None:
    """Start the program and wait until it is ready. Raises EnvironmentFailed with its own reason when it is not."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout, start_new_session=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFailed(f"{what}: it was not there in {timeout:.0f} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EnvironmentFailed(f"{what}: {last}")


def detach(work: Callable[[Callable[[str], None]], None]) -> int:
    """Do the work in a child in the background; returns the exit status of the program once the child has spoken.

    The work is given a function that tells the parent READY, or why it cannot be done, in one line; only the first
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
