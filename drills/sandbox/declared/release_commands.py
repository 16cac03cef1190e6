"""Versions that are deployed and rolled back by the owner's own commands."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from drills.errors import EnvironmentFailed, NotReady, one_line
from drills.model.durations import format_duration
from drills.sandbox.declared.system import VERSION, ReleaseDeclaration

_KEPT_BYTES = 64_000


class ReleaseCommands:
    """See `drills.sandbox.declared.releases.Deploying`. The commands run in `folder`, each within the declared time."""

    def __init__(self, declared: ReleaseDeclaration, folder: Path, await_ready: Callable[[str, float], None]) -> None:
        self._declared = declared
        self._folder = folder
        self._await_ready = await_ready

    @property
    def known(self) -> Sequence[str]:
        return self._declared.tags

    def current(self) -> str:
        said = self._run("current", self._declared.current or "", "").strip()
        if not said or "\n" in said:
            raise EnvironmentFailed(
                "drills.yaml, sandbox.releases.current: it must print the running version and nothing else; it "
                + (f"printed {one_line(said)!r}" if said else "printed nothing")
            )
        return said

    def refusal(self, version: str) -> str | None:  # noqa: ARG002 - its own command says it
        return None

    def require(self) -> None:
        """What the owner's command replaces is the owner's affair."""

    def bring(self, version: str, seconds: float, *, back: bool) -> None:
        if back and self._declared.rollback is not None:
            self._run("rollback", self._declared.rollback, version)
        else:
            self._run("deploy", self._declared.deploy or "", version)
        try:
            self._await_ready(self._declared.service, seconds)
        except EnvironmentFailed as error:
            raise NotReady(str(error)) from error

    def about(self, version: str) -> str:  # noqa: ARG002 - nothing more is known
        return ""

    def _run(self, name: str, command: str, version: str) -> str:
        seconds = self._declared.timeout.total_seconds()
        key = f"drills.yaml, sandbox.releases.{name}"
        # Into files: a program that it leaves running may hold a pipe open for ever.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                process = subprocess.Popen(
                    ["/bin/sh", "-c", command.replace(VERSION, shlex.quote(version))],
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except OSError as error:
                raise EnvironmentFailed(f"{key}: it cannot be run: {error.strerror}") from error
            try:
                status = process.wait(seconds)
            except BaseException as error:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise EnvironmentFailed(f"{key}: it did not end within {format_duration(seconds)}") from None
                raise
            if status != 0:
                lines = [line for line in (_end_of(err) or _end_of(out)).splitlines() if line.strip()]
                said = one_line(lines[-1].strip()) if lines else "it printed nothing"
                raise EnvironmentFailed(f"{key}: it ended with status {status}: {said}")
            return _end_of(out)


def _end_of(file: IO[bytes]) -> str:
    """The last of what was written to it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _KEPT_BYTES))
    return file.read().decode(errors="replace")
