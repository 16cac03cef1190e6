"""One block as a process: its shell under a supervisor that ends all it started, its output, what it exported."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from drills.responders import step_supervisor
from drills.sandbox.local.processes import MARKER

#: Strict, and stricter than Runme's `set -e` by -u: a variable that is not set fails the step.
SHELLS: Mapping[str, tuple[str, ...]] = {"bash": ("bash", "-euo", "pipefail", "-c"), "sh": ("sh", "-eu", "-c")}
#: How many bytes of output are kept at most; what is longer loses its middle.
LARGEST_OUTPUT = 256_000
#: Seconds that a step's processes have after SIGTERM, before SIGKILL.
_GRACE = 2.0
#: Seconds that a supervisor has for its work after that.
_SUPERVISOR_GRACE = 5.0
#: Seconds to wait for the last output of a step whose processes have ended.
_DRAIN = 1.0
#: What a shell keeps for itself, and what tells a step where it is: no step hands these on.
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
    timed_out = False
    # A file in memory: as large as it has to be, never on a disk, and gone with this process.
    with os.fdopen(os.memfd_create("exported", os.MFD_CLOEXEC), "rb") as snapshot:
        script = _with_snapshot(command, f"/proc/{os.getpid()}/fd/{snapshot.fileno()}")
        # A pipe of our own, not the process's: a step has ended when its shell has, whoever still holds the other end.
        async with _output_pipe() as (output, writing):
            lifeline, held = os.pipe()
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-S", step_supervisor.__file__, str(_GRACE), MARKER, "--"),
                    *shell,
                    script,
                    stdin=lifeline,
                    stdout=writing,
                    stderr=asyncio.subprocess.STDOUT,
                    cwd=folder,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                os.close(held)
                return Ended(None, why=f"{shell[0]} cannot be started: {error.strerror}")
            finally:
                os.close(lifeline)
                os.close(writing)
            try:
                async with asyncio.timeout(limit):
                    await process.wait()
            except TimeoutError:
                timed_out = True
            finally:
                os.close(held)
                await _wait_or_kill(process)
        exported = _exported(snapshot.read(), environment)
    status = None if timed_out else process.returncode
    return Ended(status, output.decode(errors="replace"), timed_out, exported=exported)


def _with_snapshot(command: str, path: str) -> str:
    """The command, and at its shell's exit its environment, as Runme does it; a trap of its own on EXIT comes first.

    All on the command's first line, so that messages of the shell tell the lines of the runbook.
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


@asynccontextmanager
async def _output_pipe() -> AsyncIterator[tuple[bytearray, int]]:
    """What is written to the descriptor (the caller closes it) is gathered, its middle left out when it is too long."""
    output = bytearray()
    reading, writing = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
    )
    gathering = asyncio.create_task(_gather(reader, output))
    try:
        yield output, writing
        # All that wrote has ended; only a service of the sandbox may still hold the pipe.
        await asyncio.wait([gathering], timeout=_DRAIN)
    finally:
        gathering.cancel()
        transport.close()


async def _gather(reader: asyncio.StreamReader, output: bytearray) -> None:
    while chunk := await reader.read(65536):
        output.extend(chunk)
        if len(output) > LARGEST_OUTPUT:
            output[LARGEST_OUTPUT // 4 : -LARGEST_OUTPUT // 4] = b"\n...\n"


async def _wait_or_kill(process: asyncio.subprocess.Process) -> None:
    """Wait for a supervisor whose lifeline was cut; one that cannot end (a process that no signal ends) is killed."""
    try:
        async with asyncio.timeout(_GRACE + _SUPERVISOR_GRACE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
