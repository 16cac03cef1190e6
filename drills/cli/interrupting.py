"""Ctrl-C and SIGTERM during a drill: it ends once, and everything is mended, however often somebody asks."""

from __future__ import annotations

import asyncio
import signal

import typer

from drills.errors import ExitCode


class Interruption:
    """Cancels the task that listens at the first signal; later ones only say that the mending goes on."""

    def __init__(self) -> None:
        self._first: signal.Signals | None = None

    def listen(self) -> None:
        """Take SIGINT and SIGTERM for the task that calls this, until its event loop is closed."""
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._take, number, task)

    @property
    def exit_code(self) -> ExitCode:
        """130 after Ctrl-C; 5 after SIGTERM, which is how `drills stop` ends a drill."""
        return ExitCode.ABORTED if self._first is signal.SIGTERM else ExitCode.INTERRUPTED

    def _take(self, number: signal.Signals, task: asyncio.Task[object]) -> None:
        if self._first is None:
            self._first = number
            task.cancel()
            typer.echo("ending the drill; everything is being mended …", err=True)
        else:
            typer.echo("still mending; it is over in a moment", err=True)
