"""Ctrl-C, SIGTERM or a closed terminal during a drill: it ends once, all is undone, further signals are ignored."""

from __future__ import annotations

import asyncio
import signal

from drills.cli.live import echo_patiently
from drills.errors import ExitCode
from drills.service.stopping import ending_signals


class Interruption:
    """Cancels the task that listens at the first signal; later ones only print that changes are still being undone."""

    def __init__(self) -> None:
        self._first: signal.Signals | None = None

    def listen(self) -> None:
        """Take the signals that end a drill for the task that calls this, until its event loop is closed."""
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, self._take, number, task)

    @property
    def exit_code(self) -> ExitCode:
        """130 after Ctrl-C; 5 after SIGTERM, which is how `drills stop` ends a drill, and after SIGHUP."""
        return ExitCode.ABORTED if self._first in (signal.SIGTERM, signal.SIGHUP) else ExitCode.INTERRUPTED

    def _take(self, number: signal.Signals, task: asyncio.Task[object]) -> None:
        if self._first is None:
            self._first = number
            task.cancel()
            echo_patiently("ending the drill and undoing all changes …", err=True)
        else:
            echo_patiently("still undoing changes; please wait", err=True)
