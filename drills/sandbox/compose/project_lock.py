"""One drill at a time on a compose project, whichever workspaces and users drill it.

The lock is on the project's own compose file, which is opened to be read only: the kernel frees it when the process
that holds it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drills.errors import BadInput, SandboxBusy
from drills.sandbox.compose.project import Project


@contextmanager
def exclusive(project: Project) -> Iterator[None]:
    """Raises SandboxBusy, without waiting, while another process drills a project of that compose file."""
    with _locked(project, fcntl.LOCK_EX):
        yield


def refuse_while_drilled(project: Project) -> None:
    """Raises SandboxBusy while a process holds the project; several may ask at the same time."""
    with _locked(project, fcntl.LOCK_SH):
        pass


@contextmanager
def _locked(project: Project, how: int) -> Iterator[None]:
    # What is owed on a project whose file is gone can be undone all the same.
    locked = project.file if project.file.exists() else project.folder
    try:
        descriptor = os.open(locked, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise BadInput(f"{locked}: cannot be read ({error.strerror})") from None
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxBusy(
                f"the compose project of {project.file} is drilled from another workspace{_holder(descriptor)}; "
                "wait until it ends, or `drills stop` it there"
            ) from None
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    """Which process holds the lock, as far as Linux tells (proc(5), /proc/locks)."""
    inode = str(os.fstat(descriptor).st_ino)
    try:
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            fields = line.split()
            if "FLOCK" in fields and fields[5].split(":")[-1] == inode:
                pid = fields[4]
                return f": process {pid} in {Path(f'/proc/{pid}/cwd').readlink()}"
    except (OSError, IndexError, ValueError):
        pass
    return ""
