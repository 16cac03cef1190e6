"""Runs one command and ends, without exception, all that descends from it: `python -I -S supervisor.py DESCRIPTOR`.

What to do is read from that descriptor (`drills.processes.supervised` writes it), so that a list of processes shows
neither the command nor what it is for. It is a file of its own that imports nothing of the project, so that it starts
in a few milliseconds. As the *child subreaper* of its descendants (prctl(2)) it becomes the parent of those that fork
twice, open a session of their own or clear their environment, and finds them by that, not by what they are willing to
say of themselves. It ends them when the command has ended, or when its own standard input is closed: its starter has
died, or wants the end.

Processes that carry the variable `spared`, and what descends from them, live on: a step that restarts a service of the
sandbox must not take it down again at its end.

With `keep`, what a command that succeeded has left behind goes on. Its supervisor goes on beside it, reads what it
still prints, and ends all of it when it gets SIGTERM itself.

Exit status: that of the command; 128 and the signal's number when a signal ended it, as shells say it.
"""

# ruff: noqa: PTH123, PTH208 - importing pathlib takes as long as the rest of the start

from __future__ import annotations

import ctypes
import marshal
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
#: Where a command finds its script.
_SCRIPT = 3
#: Milliseconds between two checks of what was kept; it is also checked whenever a child ends.
_KEPT_LOOK = 5000
_TOLD_TO_END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> int:
    with open(int(sys.argv[1]), "rb") as order:
        command, script, grace, spared, keep, output = marshal.loads(order.read())
    if not keep:
        return _supervise(command, script, grace, spared)
    return _supervise_apart(command, script, grace, spared, output)


def _supervise(command: list[str], script: str | None, grace: float, spared: str) -> int:
    ended = _become_reaper()
    child = _start(command, script)
    status = _wait(child, ended)
    _end_all(grace, spared)
    return _exit_status(child, status)


def _supervise_apart(command: list[str], script: str | None, grace: float, spared: str, output: int) -> int:
    """In a process of its own, which this one does not wait for once the command has ended."""
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        said = os.read(read_end, 16)
        return int(said) if said else 128 + signal.SIGKILL
    os.close(read_end)
    os.setsid()
    os.set_inheritable(output, False)
    ended = _become_reaper()
    child = _start(command, script)
    status = _wait(child, ended)
    kept = status == 0
    if not kept:
        _end_all(grace, spared)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.write(write_end, str(_exit_status(child, status)).encode())
    os.close(write_end)
    if kept:
        _keep(ended, output, grace, spared)
    os._exit(0)


def _become_reaper() -> int:
    """Returns the descriptor on which each signal that this process is sent can be read."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print("the kernel has no subreapers; what a command leaves may outlive it", file=sys.stderr)
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in _TOLD_TO_END:
        signal.signal(number, signal.SIG_IGN)
    return ended


def _start(command: list[str], script: str | None) -> int:
    child = os.fork()
    if child == 0:
        _become(command, script)
    return child


def _become(command: list[str], script: str | None) -> None:
    """The command, in a session of its own: what it sends to its whole group does not reach its supervisor."""
    try:
        for number in (*_TOLD_TO_END, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        if script is not None:
            _hand_over(script)
        os.execvpe(command[0], command, _environment())
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}", file=sys.stderr, flush=True)
    os._exit(_NOT_STARTED)


def _hand_over(script: str) -> None:
    """The text as a file in memory, on a descriptor that the command knows."""
    descriptor = os.memfd_create("script", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(script.encode(errors="surrogateescape"))
    if descriptor == _SCRIPT:
        os.set_inheritable(descriptor, True)
    else:
        os.dup2(descriptor, _SCRIPT)


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


def _exit_status(child: int, status: int | None) -> int:
    if status is None:
        status = os.waitpid(child, os.WNOHANG)[1]
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _keep(ended: int, output: int, grace: float, spared: str) -> None:
    """Stay with what the command has left behind, until nothing of it is left or this process gets SIGTERM."""
    for number in _TOLD_TO_END:
        signal.signal(number, lambda *_: None)
    waiting = select.poll()
    waiting.register(ended, select.POLLIN)
    waiting.register(0, select.POLLIN | select.POLLHUP)
    while True:
        _reap()
        if not any(_descendants(spared)):
            return
        ready = {descriptor for descriptor, _ in waiting.poll(_KEPT_LOOK)}
        if 0 in ready:
            # Whoever started it reads no more: from now on its output is read here, so that nothing is ended for
            # writing where nobody listens.
            waiting.unregister(0)
            waiting.register(output, select.POLLIN | select.POLLHUP)
        if output in ready and _is_over(output):
            waiting.unregister(output)
        if ended in ready and any(number in _TOLD_TO_END for number in os.read(ended, 512)):
            _end_all(grace, spared)
            return


def _is_over(output: int) -> bool:
    """Take what there is to read; whether nobody can write any more."""
    try:
        return not os.read(output, 65536)
    except BlockingIOError:
        return False  # Whoever started it was quicker: for a moment both read, and the descriptor does not block.


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


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
