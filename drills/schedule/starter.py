"""`python -m drills.schedule.starter`: runs one drill of the calendar, given on its standard input (`Task`).

It is not passed by arguments or environment: everybody on the machine sees the former, and both show a responder
which drill it is, or the password in the store's URL.

It first goes through the store's gate, which lets one process through for each occurrence, then runs the command and
stores its exit status. It lives in a session of its own: the death of the service neither ends the drill nor loses
its result.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from types import FrameType

from drills.store.occurrence_log import OccurrenceLog
from drills.store.runner import Runner
from drills.store.store import Store

#: Length of the end of the command's output that is kept as the reason of a failure.
_TAIL = 600


@dataclass(frozen=True, slots=True)
class Command:
    """The command that conducts a drill, and its standard input."""

    words: Sequence[str]
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """The occurrence of an entry that is to be attended, and its command."""

    store_url: str
    entry: str
    planned: datetime
    command: Command

    def to_json(self) -> str:
        """For the standard input of the starter."""
        return json.dumps({**asdict(self), "planned": self.planned.isoformat()})

    @classmethod
    def from_json(cls, text: str) -> Task:
        task = json.loads(text)
        planned = datetime.fromisoformat(task["planned"])
        return cls(task["store_url"], task["entry"], planned, Command(**task["command"]))


def attend(task: Task) -> int:
    """Run the command if this occurrence was not begun before; the command's exit status, or 0."""
    store = Store.open(task.store_url)
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
        if not log.begin(task.entry, task.planned, Runner.this()):
            return 0
        try:
            process = subprocess.Popen(
                task.command.words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            log.end(task.entry, task.planned, 127, f"{task.command.words[0]}: {error.strerror}")
            return 127
        child.append(process)
        if stopping:
            process.send_signal(stopping[0])
        printed, _ = process.communicate(task.command.stdin)
        failure = printed.strip()[-_TAIL:] if process.returncode else ""
        log.end(task.entry, task.planned, process.returncode, failure)
        return process.returncode
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(attend(Task.from_json(sys.stdin.read())))
