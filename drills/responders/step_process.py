"""One block as a process: its shell under a supervisor that ends all it started, its output, what it exported."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drills.processes.mark import SANDBOX_MARK
from drills.processes.supervised import run_supervised

#: Strict, and stricter than Runme's `set -e` by -u: a variable that is not set fails the step.
SHELLS: Mapping[str, tuple[str, ...]] = {"bash": ("bash", "-euo", "pipefail", "-c"), "sh": ("sh", "-eu", "-c")}
#: Variables of the shell itself and of its working folder: a step does not hand these on.
_NOT_CARRIED = re.compile(r"_|SHLVL|PWD|OLDPWD|DRILLS_.*|BASH_EXECUTION_STRING")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step's process ended. `why` says why it could not be started; `status` is None then, and at a time-out."""

    status: int | None
    output: str = ""
    timed_out: bool = False
    why: str = ""
    exported: Mapping[str, str | None] = field(default_factory=dict)
    """Variables that it has exported or changed, by name; None for one that it has unset."""


async def run_step(language: str, command: str, folder: Path, environment: Mapping[str, str], limit: float) -> Ended:
    """Run it for at most `limit` seconds. Nothing of it is left when this returns, raises or is cancelled."""
    shell = SHELLS[language]
    if shutil.which(shell[0], path=environment.get("PATH")) is None:
        return Ended(None, why=f"{shell[0]} cannot be started: it is not on PATH")
    # A file in memory: as large as it has to be, never on a disk, and gone with this process.
    with os.fdopen(os.memfd_create("exported", os.MFD_CLOEXEC), "rb") as snapshot:
        script = _with_snapshot(command, f"/proc/{os.getpid()}/fd/{snapshot.fileno()}")
        end = await run_supervised((*shell, script), folder, environment, limit, spared=SANDBOX_MARK)
        if end.why:
            return Ended(None, why=end.why)
        exported = _exported(snapshot.read(), environment)
    return Ended(end.status, end.output, end.timed_out, exported=exported)


def _with_snapshot(command: str, path: str) -> str:
    """The command, and at its shell's exit its environment, as Runme does it; a trap of its own on EXIT comes first.

    All on the command's first line, so that line numbers in messages of the shell are those of the block.
    """
    env = shutil.which("env") or "env"
    return f"trap '{shlex.quote(env)} -0 > {path} 2>/dev/null || :' EXIT; {command}"


def _exported(snapshot: bytes, given: Mapping[str, str]) -> Mapping[str, str | None]:
    """What differs from what the step was given; nothing when it left no snapshot."""
    entries = (entry.partition("=") for entry in os.fsdecode(snapshot).split("\0") if entry)
    found = {name: value for name, _, value in entries}
    if not found:
        return {}
    changed: dict[str, str | None] = {name: value for name, value in found.items() if given.get(name) != value}
    # A shell may lose names that are none in its language; they were not unset.
    changed |= {name: None for name in given if name not in found and _NAME.fullmatch(name)}
    return {name: value for name, value in changed.items() if not _NOT_CARRIED.fullmatch(name)}
