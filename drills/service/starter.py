"""`python -m drills.service.starter ENTRY PLANNED -- COMMAND…`: attends one drill of the calendar.

The store's URL comes in the environment, for it may hold a password, which arguments would show to everybody.

It first goes through the store's gate, which lets one process through for each occurrence, then runs the command and
stores its exit status. It lives in a session of its own: the death of the service neither ends the drill nor loses
its result.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from types import FrameType

from drills.store.occurrence_log import OccurrenceLog
from drills.store.runner import Runner
from drills.store.store import Store

STORE_VARIABLE = "DRILLS_STARTER_STORE"
#: So much of what the command last printed is kept as the reason of a failure.
_TAIL = 600


def attend(store_url: str, entry: str, planned: datetime, command: Sequence[str]) -> int:
    """Run the command if this occurrence was not begun before; the command's exit status, or 0."""
    store = Store.open(store_url)
    log = OccurrenceLog(store)
    try:
        # From here on a SIGTERM is the command's affair, which undoes what it broke.
        stopping: list[int] = []
        child: list[subprocess.Popen[str]] = []

        def pass_on(number: int, _frame: FrameType | None) -> None:
            stopping.append(number)
            for process in child:
                process.send_signal(number)

        signal.signal(signal.SIGTERM, pass_on)
        if not log.begin(entry, planned, Runner.this()):
            return 0
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            log.end(entry, planned, 127, f"{command[0]}: {error.strerror}")
            return 127
        child.append(process)
        if stopping:
            process.send_signal(stopping[0])
        printed, _ = process.communicate()
        failure = printed.strip()[-_TAIL:] if process.returncode else ""
        log.end(entry, planned, process.returncode, failure)
        return process.returncode
    finally:
        store.close()


def main(arguments: Sequence[str]) -> int:
    entry, planned, _, *command = arguments
    return attend(os.environ.pop(STORE_VARIABLE), entry, datetime.fromisoformat(planned), command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
