"""The sandbox's processes: how they are started, found again, and ended; nothing else is ever signalled.

A process is ours when it carries our marker in its environment and began when our record says; the children of such
a process (PostgreSQL's, which overwrite their environment) are ours too, and so is one that runs a given program in
a given folder of ours after its parent died.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from drills.errors import EnvironmentFailed
from drills.processes.mark import SANDBOX_MARK
from drills.processes.start import began_then
from drills.sandbox.state import ProcessRecord

#: A sandbox in trouble takes all the processor time there is; who watches it, and who repairs it, comes first.
NICENESS = 5
#: A process that waits for a disk is not stopped before it has its answer.
PAUSE_SECONDS = 5.0
LOG_LIMIT_BYTES = 20 * 2**20


def spawn(
    command: Sequence[str],
    *,
    marker: str,
    environment: Mapping[str, str],
    log: Path,
    folder: Path,
    user: tuple[int, int] | None = None,
) -> psutil.Process:
    """Start a process in a session of its own, its output appended to `log`. Raises EnvironmentFailed."""
    try:
        trim(log)
        with log.open("ab") as output:
            started = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**environment, SANDBOX_MARK: marker},
                start_new_session=True,
                user=None if user is None else user[0],
                group=None if user is None else user[1],
                extra_groups=None if user is None else [],
            )
    except OSError as error:
        raise EnvironmentFailed(
            f"{Path(command[0]).name} cannot be started: {error.strerror}: {error.filename}"
        ) from error
    # Kept by psutil under the same pid; popen's own object may go, its end is collected by `reap`.
    _STARTED[started.pid] = started
    process = psutil.Process(started.pid)
    with contextlib.suppress(psutil.Error):
        process.nice(NICENESS)
    return process


def exit_code(process: psutil.Process, seconds: float) -> int:
    """Wait for a child of this process to end; killed when it takes longer, which gives its negative signal."""
    started = _STARTED[process.pid]
    try:
        return started.wait(seconds)
    except subprocess.TimeoutExpired:
        end(family(process), gently=None, seconds=0)
        return -signal.SIGKILL


def trim(log: Path) -> None:
    """Move a log that grew too long aside; all who write to it append, so that it can be emptied under them."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(log, log.with_suffix(".1.log"))
            os.truncate(log, 0)


#: Children of this very process, so that their ends can be collected and none stays behind as a zombie.
_STARTED: dict[int, subprocess.Popen[bytes]] = {}


def reap() -> None:
    """Collect the ends of children of this process."""
    for started in list(_STARTED.values()):
        started.poll()


def found(record: ProcessRecord, marker: str) -> psutil.Process | None:
    """The running process that the record speaks of; None when it is gone, or its pid is another's by now."""
    reap()
    try:
        process = psutil.Process(record.pid)
        same = began_then(process, ticks=record.start_ticks, create_time=record.create_time)
        if not same or process.status() == psutil.STATUS_ZOMBIE or process.environ().get(SANDBOX_MARK) != marker:
            return None
        return process
    except (psutil.Error, OSError):
        return None


def marked(marker: str) -> list[psutil.Process]:
    """Every running process that carries the marker."""
    reap()
    ours = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(SANDBOX_MARK) == marker and process.status() != psutil.STATUS_ZOMBIE:
                ours.append(process)
    return ours


def running_in(folder: Path, program: Path) -> list[psutil.Process]:
    """Every process of that program whose working folder is `folder`: what a dead postmaster left behind."""
    ours = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == program.name and Path(process.exe()) == program and Path(process.cwd()) == folder:
                ours.append(process)
    return ours


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and all that descend from it."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Signal each; psutil refuses by itself when the pid is another process's by now."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            try:
                process.send_signal(number)
            except psutil.AccessDenied as error:
                raise EnvironmentFailed(
                    f"process {process.pid} cannot be signalled: it belongs to another user"
                ) from error


def pause(processes: Iterable[psutil.Process]) -> None:
    """Freeze them, and wait until they are: a busy machine stops a process only when it runs next."""
    freezing = list(processes)
    send(freezing, signal.SIGSTOP)
    deadline = time.monotonic() + PAUSE_SECONDS
    while any(runs(process) and not paused(process) for process in freezing) and time.monotonic() < deadline:
        time.sleep(0.01)


def wait_gone(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until they have ended; returns those that have not ended by then."""
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left:
        reap()
        left = [process for process in left if runs(process)]
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left


def end(processes: Sequence[psutil.Process], *, gently: signal.Signals | None, seconds: float) -> None:
    """End them: by `gently` first when given, and by SIGKILL what is left after `seconds`."""
    left = list(processes)
    if gently is not None and left:
        send(left, gently)
        send(left, signal.SIGCONT)  # One that is paused could not hear it.
        left = wait_gone(left, seconds)
    send(left, signal.SIGKILL)
    stubborn = wait_gone(left, 5)
    if stubborn:
        raise EnvironmentFailed(f"process {stubborn[0].pid} does not end, even when killed")


def paused(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_STOPPED)
    return False


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended."""
    reap()
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def base_environment() -> dict[str, str]:
    """What the sandbox's processes inherit: enough to run, nothing of the user's shell that could steer them."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}
