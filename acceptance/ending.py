"""A run that is asked to end (SIGTERM, SIGHUP, Ctrl-C) first takes down what it has brought up.

signal ──► the commands that run are ended, none begins ──► Ended in the main thread ──► each `finally` takes down
   └── another signal, or one during a `shielded` block: waits until that is done
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, Any
from weakref import WeakSet

import psutil

from drills.processes.leftovers import end

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Ended(BaseException):
    """The run was told to end, by this signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class CommandsEnded(RuntimeError):
    """The run was told to end: no more commands are begun."""


class Commands:
    """Commands that are ended, with all that they have started, when the run is asked to end.

    They have sessions of their own, so that Ctrl-C reaches the run alone. `lasting` ones are not ended: they take down.
    """

    def __init__(self, *, lasting: bool = False) -> None:
        # A signal may find this very thread within a block of it.
        self._lock = threading.RLock()
        self._running: list[subprocess.Popen[Any]] = []
        self._ended = False
        if not lasting:
            _STATE.register(self)

    def start(self, words: Sequence[str], folder: Path, environment: dict[str, str], output: IO[bytes]) -> Any:
        """Start one and go on; stdout and stderr go to that file. Raises CommandsEnded."""
        return self._start(words, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)

    def run(
        self, words: Sequence[str], folder: Path, environment: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run one to its end. Raises CommandsEnded, and TimeoutExpired after that many seconds."""
        pipe = subprocess.PIPE
        with self._start(words, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
            try:
                output, errors = process.communicate(timeout=timeout)
            except BaseException:
                _end_all_of(process)
                raise
        return subprocess.CompletedProcess(list(words), process.returncode, output, errors)

    @property
    def ended(self) -> bool:
        """Whether what was run may have been cut short."""
        return self._ended

    def end(self) -> None:
        """End what runs; nothing is begun after that."""
        with self._lock:
            self._ended = True
            running = [each for each in self._running if each.poll() is None]
        for each in running:
            _end_all_of(each)

    def _start(self, words: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        with self._lock:
            if self._ended:
                raise CommandsEnded("the run was told to end")
            process = subprocess.Popen(list(words), stdin=subprocess.DEVNULL, start_new_session=True, **options)
            self._running = [*(each for each in self._running if each.poll() is None), process]
        return process


def _end_all_of(process: subprocess.Popen[Any]) -> None:
    """The process and its descendants: a `docker compose up` would go on making containers."""
    try:
        first = psutil.Process(process.pid)
        end([first, *first.children(recursive=True)])
    except psutil.NoSuchProcess:
        pass


class _State:
    """What the signals of this process do now."""

    def __init__(self) -> None:
        self._known: WeakSet[Commands] = WeakSet()
        self._told: int | None = None
        self._raised = False
        self.shields = 0

    def register(self, commands: Commands) -> None:
        self._known.add(commands)
        if self._told is not None:
            commands.end()

    def tell(self, number: int, _frame: FrameType | None) -> None:
        if self._told is not None:
            return
        self._told = number
        print(
            f"{signal.Signals(number).name}: undoing what was done and taking the sandbox down; SIGKILL would leave it",
            file=sys.stderr,
            flush=True,
        )
        if not self.shields:
            self.end()

    def end(self) -> None:
        """Raises Ended once, if the run was told to end."""
        if self._told is None or self._raised:
            return
        self._raised = True
        for each in tuple(self._known):
            each.end()
        raise Ended(self._told)


_STATE = _State()


@contextmanager
def shielded() -> Iterator[None]:
    """What is taken down in this block is taken down whole; the run ends afterwards, if it was told to meanwhile.

    Other threads than the main one are not interrupted by a signal, and need no shield.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _STATE.shields += 1
    try:
        yield
    finally:
        _STATE.shields -= 1
    if not _STATE.shields:
        _STATE.end()


def run_in_order(main: Callable[[], int]) -> int:
    """The exit status of a program's `main`; 128 and the signal's number when it was told to end."""
    for each in SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:  # as below `nohup`
            signal.signal(each, _STATE.tell)
    try:
        return main()
    except Ended as ended:
        return 128 + ended.number
