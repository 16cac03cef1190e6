"""Finds and ends processes by a mark in their environment, and no others."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from drills.faults.detached import MARK
from drills.sandbox.local.processes import wait_gone

#: How long a process may take to end in good order before it is killed.
_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.02
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
        for variable in (MARK, *_FORMER_MARKS)
        for process, environment in with_variable(variable)
        if environment[variable] == mark
    ]


def with_variable(name: str) -> list[tuple[psutil.Process, Mapping[str, str]]]:
    """The processes that have the variable at all, each with its environment."""
    spared = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    found: list[tuple[psutil.Process, Mapping[str, str]]] = []
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            # It ended meanwhile, or belongs to another user: not ours.
            continue
        if name in environment:
            found.append((process, environment))
    return found


def end_marked(mark: str) -> None:
    """End all marked processes; looks again until there are none, for one may just start another."""
    until(lambda: not end(marked(mark)), seconds=4 * _PATIENCE_SECONDS)


def end(processes: Collection[psutil.Process]) -> tuple[Ended, ...]:
    """Ask these to end, kill those that do not. psutil never signals a later process with the same id."""
    told = []
    for process in processes:
        try:
            told.append((process, Ended(process.pid, " ".join(process.cmdline())[:200])))
            # One that is frozen cannot act on the signal.
            process.terminate()
            process.resume()
        except psutil.Error:
            continue
    for process in wait_gone([process for process, _ in told], _PATIENCE_SECONDS):
        with suppress(psutil.Error):
            process.kill()
    wait_gone([process for process, _ in told], _PATIENCE_SECONDS)
    return tuple(ended for _, ended in told)


def until(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again for so long; whether it came to hold."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
