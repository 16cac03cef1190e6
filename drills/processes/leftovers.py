"""Finds and ends processes by a mark in their environment, and no others.

The mark has a random value, which no other program has; an undo plan has it too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from drills.processes.mark import MARK

#: How long a process may take to end in good order before it is killed.
_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.02
#: How often an environment that reads as empty is read again at once.
_LOOKS = 10
#: Version 0.1 named its programs so: what it owes is settled too.
_FORMER_MARKS = ("DRILLS_SESSION", "DRILLS_STRANGER")


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that was left over and has been ended."""

    pid: int
    command: str


def marked(mark: str) -> list[psutil.Process]:
    """The programs in the background that bear this mark, but not this process and those that it descends from."""
    return [
        process
        for process, environment in _environments()
        if mark in {environment.get(variable) for variable in (MARK, *_FORMER_MARKS)}
    ]


def with_variable(name: str) -> list[tuple[psutil.Process, Mapping[str, str]]]:
    """The processes that have the variable at all, each with its environment."""
    return [(process, environment) for process, environment in _environments() if name in environment]


def _environments() -> Iterator[tuple[psutil.Process, Mapping[str, str]]]:
    spared = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        try:
            environment = _environment(process)
        except (psutil.Error, OSError):
            # It ended meanwhile, or belongs to another user: not ours.
            continue
        yield process, environment


def _environment(process: psutil.Process) -> Mapping[str, str]:
    """The environment of a process. Raises psutil.Error or OSError when it has ended or belongs to another user.

    While a process is becoming another program (exec), the kernel shows neither its environment nor its arguments, and
    what was opened just before reads as empty: it is read again until it is there. A kernel's thread runs no program.
    """
    environment: dict[str, str] = {}

    def is_there() -> bool:
        nonlocal environment
        for _ in range(_LOOKS):
            environment = process.environ()
            if environment or not process.exe():
                return True
        return bool(process.cmdline())

    until(is_there, seconds=_PATIENCE_SECONDS)
    return environment


def end_marked(mark: str) -> None:
    """End all marked processes; checks again until there are none, for one may just start another."""
    until(lambda: not end(marked(mark)), seconds=4 * _PATIENCE_SECONDS)


def end(processes: Collection[psutil.Process]) -> tuple[Ended, ...]:
    """Ask these to end, kill those that do not. psutil never signals a later process with the same id."""
    ending = []
    for process in processes:
        try:
            ending.append((process, Ended(process.pid, " ".join(process.cmdline())[:200])))
            # One that is frozen cannot act on the signal.
            process.terminate()
            process.resume()
        except psutil.Error:
            continue
    for process in _wait_gone([process for process, _ in ending]):
        with suppress(psutil.Error):
            process.kill()
    _wait_gone([process for process, _ in ending])
    return tuple(ended for _, ended in ending)


def _wait_gone(processes: Collection[psutil.Process]) -> list[psutil.Process]:
    """Wait until they have ended; returns those that have not ended by then."""
    until(lambda: not any(_runs(process) for process in processes), seconds=_PATIENCE_SECONDS)
    return [process for process in processes if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    """Whether it has not ended; a zombie has."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Poll until the condition holds or the time is over; whether it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
