"""Fills the disk of any service: one file, as large as the free space, in a folder on a disk of limited size.

It is written and removed by commands in the service's own container, as its own user.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from drills.errors import EnvironmentFailed
from drills.faults.fault import FaultImpossible
from drills.processes.command import Command
from drills.sandbox.sandbox import Sandbox

_ASK_SECONDS = 20.0
#: Enough for the largest disks that a container is likely to have.
_FILL_SECONDS = 110.0
#: A disk with less than this free, in KiB, counts as full: neither a database page nor a useful log line fits.
_FULL_KIB = 64


@dataclass(frozen=True, slots=True)
class FolderDisk:
    """A folder of a service (or of one replica of it), and the file that fills its disk."""

    service: str
    folder: str
    file: str

    @property
    def path(self) -> str:
        return f"{self.folder.rstrip('/')}/{self.file}"

    def require_empty(self, sandbox: Sandbox) -> None:
        """Raises FaultImpossible when the file exists already, or the disk is full already."""
        said = self._run(sandbox, f"[ -e {shlex.quote(self.path)} ] && echo there || :")
        if said == "there":
            raise FaultImpossible(f"the file {self.path} exists in {self.service} already")
        if self.free(sandbox) < _FULL_KIB:
            raise FaultImpossible(f"the disk at {self.folder} of {self.service} is full already")

    def fill(self, sandbox: Sandbox) -> None:
        self._run(sandbox, f"cat /dev/zero > {shlex.quote(self.path)} 2>/dev/null || :", _FILL_SECONDS)

    def verify(self, sandbox: Sandbox) -> str:
        if (free := self.free(sandbox)) >= _FULL_KIB:
            raise FaultImpossible(f"{free} KiB are still free at {self.folder} of {self.service}")
        return f"{self.folder} of {self.service} is full: {free} KiB are free"

    def empty(self, sandbox: Sandbox) -> None:
        """Remove the file if the service runs; a tmpfs is empty once its service has ended."""
        self._run(sandbox, f"rm -f -- {shlex.quote(self.path)}")

    def verify_empty(self, sandbox: Sandbox) -> None:
        if self._run(sandbox, f"[ -e {shlex.quote(self.path)} ] && echo there || :") == "there":
            raise EnvironmentFailed(f"the file {self.path} of {self.service} is still there")

    def free(self, sandbox: Sandbox) -> int:
        """Free space in KiB that the service's own user can use."""
        columns = self._run(sandbox, f"df -Pk -- {shlex.quote(self.folder)} | tail -n 1").split()
        if len(columns) < 6 or not columns[3].isdecimal():
            raise EnvironmentFailed(f"the disk at {self.folder} of {self.service} cannot be measured with df")
        return int(columns[3])

    def _run(self, sandbox: Sandbox, script: str, seconds: float = _ASK_SECONDS) -> str:
        end = sandbox.commands.run(Command(script, seconds), where=self.service)
        if end.status != 0:
            raise EnvironmentFailed(
                f"{self.service}: {end.why or end.output.strip() or 'the command did not end in time'}"
            )
        return end.output.strip()
