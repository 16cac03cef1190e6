"""One change of the sandbox at a time, over all processes that use it (runner, runbook, a person's commands)."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.sandbox.state import make_folder

_ATTEMPT_EVERY_SECONDS = 0.02


class ChangeLock:
    """Re-entrant in one thread; held over processes by a lock on a file, which the kernel frees when one dies."""

    def __init__(self, path: Path, *, patience: float = 60.0) -> None:
        self._path = path
        self._patience = patience
        self._within = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises EnvironmentFailed when another change has not ended after `patience` seconds."""
        if not self._within.acquire(timeout=self._patience):
            raise EnvironmentFailed("another change of the sandbox has not ended; try again")
        try:
            if self._depth == 0:
                self._acquire()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    os.close(self._descriptor)
        finally:
            self._within.release()

    def _acquire(self) -> None:
        make_folder(self._path.parent)
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise EnvironmentFailed(f"{self._path}: cannot be written: {error.strerror}") from error
        deadline = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(self._descriptor)
                    raise EnvironmentFailed("another command is changing the sandbox; try again") from None
                time.sleep(_ATTEMPT_EVERY_SECONDS)
            else:
                return
