"""The lock on a sandbox: at most one runner holds it. The kernel releases it when the holder dies."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from drills.errors import EnvironmentFailed, SandboxBusy
from drills.private_files import private_file, private_folder
from drills.store.runner import Runner


@dataclass(frozen=True, slots=True)
class Holder:
    """`who` is what it does, in words: `drills run slow-query`. `since` is wall time, ISO 8601, UTC.

    `drill` says that it conducts a drill, which the kill switch may end; `started` and `boot_id` tell the process from
    a later one with its id.
    """

    who: str
    pid: int
    since: str
    drill: bool = False
    started: float = 0.0
    boot_id: str = ""

    @property
    def runner(self) -> Runner:
        """The process that holds."""
        return Runner(self.pid, self.started, self.boot_id)

    def __str__(self) -> str:
        return f"{self.who} (process {self.pid}, since {self.since[11:19]} UTC)"


@contextmanager
def hold(state_dir: Path, sandbox: str, who: str, *, drill: bool = False) -> Iterator[None]:
    """Hold the sandbox for the block. Raises SandboxBusy, naming who holds it, without waiting."""
    with _opened(state_dir, sandbox) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(file)
            raise SandboxBusy(
                f"sandbox {sandbox} is held by {holder or 'another runner'}; "
                "wait until it ends (`drills stop` ends a drill)"
            ) from None
        this, now = Runner.this(), datetime.now(UTC).isoformat(timespec="seconds")
        _write(file, Holder(who, this.pid, now, drill, this.started, this.boot_id))
        try:
            yield
        finally:
            # The file stays: removing it would let two runners hold two files of one name.
            file.truncate(0)
            fcntl.flock(file, fcntl.LOCK_UN)


def holder_of(state_dir: Path, sandbox: str) -> Holder | None:
    """Who holds the sandbox now, if anybody does."""
    if not _path(state_dir, sandbox).exists():
        return None
    with _opened(state_dir, sandbox) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(file) or Holder("another runner", 0, "")
        fcntl.flock(file, fcntl.LOCK_UN)
        return None


def _path(state_dir: Path, sandbox: str) -> Path:
    return state_dir / f"{sandbox}.holder"


@contextmanager
def _opened(state_dir: Path, sandbox: str) -> Iterator[TextIO]:
    path = _path(state_dir, sandbox)
    try:
        private_folder(state_dir)
        private_file(path)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise EnvironmentFailed(
            f"{path}: cannot be opened ({error.strerror or error}); make its folder writable"
        ) from error
    with file:
        yield file


def _write(file: TextIO, holder: Holder) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps(asdict(holder)))
    file.flush()


def _read(file: TextIO) -> Holder | None:
    file.seek(0)
    try:
        return Holder(**json.loads(file.read()))
    except (ValueError, TypeError):
        # The holder has the lock but has not written its name yet.
        return None
