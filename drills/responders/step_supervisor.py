"""Runs one command and ends, without exception, all that descends from it: `python -I -S step_supervisor.py …`.

    step_supervisor.py GRACE SPARED -- PROGRAM ARGUMENT …

It is a file of its own that imports nothing of the project, so that it starts in a few milliseconds. As the *child
subreaper* of its descendants (prctl(2)) it becomes the parent of those that fork twice, open a session of their own or
clear their environment, and finds them by that, not by what they are willing to say of themselves. It ends them when
the command has ended, or when its own standard input is closed: its starter has died, or wants the end.

Processes that carry the variable SPARED, and what descends from them, live on: a step that restarts a service of the
sandbox must not take it down again at its end.

Exit status: that of the command; 128 and the signal's number when a signal ended it, as shells say it.
"""

# ruff: noqa: PTH123, PTH208 - importing pathlib takes as long as the rest of the start

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterator

#: linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
_POLL_SECONDS = 0.02
#: Exit status of a shell for a command that cannot be started (POSIX, 2.8.2).
_NOT_STARTED = 127


def main() -> int:
    grace, spared, _, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print("the kernel has no subreapers; what a step leaves may outlive it", file=sys.stderr)
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        _become(command)
    status = _wait(child, ended)
    _end_all(float(grace), spared)
    if status is None:
        status = os.waitpid(child, os.WNOHANG)[1]
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _become(command: list[str]) -> None:
    """The command, in a session of its own: what it sends to its whole group does not reach its supervisor."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.execvpe(command[0], command, _environment())
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}", file=sys.stderr, flush=True)
    os._exit(_NOT_STARTED)


def _environment() -> dict[bytes, bytes]:
    """As this process was given it: its interpreter may have added LC_CTYPE (PEP 538)."""
    with open("/proc/self/environ", "rb") as file:
        entries = (entry.partition(b"=") for entry in file.read().split(b"\0") if entry)
        return {name: value for name, _, value in entries}


def _wait(child: int, ended: int) -> int | None:
    """The command's wait status; None when it shall be ended before its time."""
    waiting = select.poll()
    waiting.register(ended, select.POLLIN)
    waiting.register(0, select.POLLIN | select.POLLHUP)
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        ready = [descriptor for descriptor, _ in waiting.poll()]
        if 0 in ready:
            return None
        os.read(ended, 512)


def _end_all(grace: float, spared: str) -> None:
    """Ask every descendant to end, then kill what is left, until nothing is."""
    _signal_all(signal.SIGTERM, spared)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(_descendants(spared)):
        time.sleep(_POLL_SECONDS)
    while _signal_all(signal.SIGKILL, spared):
        time.sleep(_POLL_SECONDS)


def _signal_all(number: int, spared: str) -> int:
    """Signal them; returns how many could be. Those of another user, whom we may not signal, are let go."""
    reached = 0
    for pid in list(_descendants(spared)):
        try:
            os.kill(pid, number)
            # One that is stopped would not act on the signal.
            os.kill(pid, signal.SIGCONT)
            reached += 1
        except OSError:
            continue
    return reached


def _descendants(spared: str) -> Iterator[int]:
    """The living processes below this one, but for the spared and what is below them."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (parent := _parent_if_alive(name)):
            children.setdefault(parent, []).append(int(name))
    waiting = children.get(os.getpid(), [])
    while waiting:
        pid = waiting.pop()
        if not _is_spared(pid, spared):
            yield pid
            waiting.extend(children.get(pid, ()))


def _parent_if_alive(name: str) -> int:
    """0 for a process that has ended, or is a zombie."""
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            # The name of the program (field 2) may hold anything: read after its closing bracket.
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except (OSError, ValueError):
        return 0
    return 0 if state in (b"Z", b"X") else int(parent)


def _is_spared(pid: int, variable: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return any(entry.startswith(variable.encode() + b"=") for entry in file.read().split(b"\0"))
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
