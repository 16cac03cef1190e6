"""A command under a supervisor (`drills.processes.supervisor`) that ends all it started: its end, and its output."""

from __future__ import annotations

import asyncio
import marshal
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from drills.processes import supervisor

#: How many bytes of output are kept at most; what is longer loses its middle.
LARGEST_OUTPUT = 256_000
#: A command finds its script here: `sh` followed by this runs it.
SCRIPT = "/dev/fd/3"
#: Seconds that a command's processes have after SIGTERM, before SIGKILL.
GRACE = 2.0
#: Seconds that a supervisor has for its work after that.
_SUPERVISOR_GRACE = 5.0
#: Seconds to wait for the last output of a command whose processes have ended.
_DRAIN = 1.0


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a command ended. `why` says why it could not be started; `status` is None then, and at a time-out."""

    status: int | None
    output: str = ""
    timed_out: bool = False
    why: str = ""
    errors: str = ""
    """What it wrote to stderr, where that was asked for apart."""


async def run_supervised(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    limit: float,
    *,
    spared: str,
    script: str | None = None,
    keep: bool = False,
    apart: bool = False,
    grace: float = GRACE,
) -> CommandEnd:
    """Run it for at most `limit` seconds. Nothing of it is left when this returns, raises or is cancelled.

    With `keep`, what it has left in the background goes on when it succeeded, below a supervisor that has this
    environment too. Processes with the variable `spared` go on in any case. The `script` can be read at `SCRIPT`.
    With `apart`, stderr is no part of the output. `grace` are the seconds that its processes have after SIGTERM.
    """
    timed_out = False
    # A pipe of our own, not the process's: a command has ended when its first process has, whoever still holds it.
    async with AsyncExitStack() as pipes:
        output, reading, writing = await pipes.enter_async_context(_output_pipe())
        errors, _, complaining = await pipes.enter_async_context(_output_pipe()) if apart else (output, -1, writing)
        lifeline, held = os.pipe()
        order = _order(words, script, grace, spared, reading if keep else None)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", supervisor.__file__, str(order)),
                stdin=lifeline,
                stdout=writing,
                stderr=complaining,
                cwd=folder,
                env=environment,
                start_new_session=True,
                pass_fds=(order, reading) if keep else (order,),
            )
        except OSError as error:
            os.close(held)
            return CommandEnd(None, why=f"{words[0]} cannot be started: {error.strerror}")
        finally:
            for descriptor in {order, lifeline, writing, complaining}:
                os.close(descriptor)
        try:
            async with asyncio.timeout(limit):
                await process.wait()
        except TimeoutError:
            timed_out = True
        finally:
            os.close(held)
            await _wait_or_kill(process, grace)
    said, complained = (each.decode(errors="replace") for each in (output, errors if apart else b""))
    return CommandEnd(None if timed_out else process.returncode, said, timed_out, errors=complained)


def _order(words: Sequence[str], script: str | None, grace: float, spared: str, output: int | None) -> int:
    """What the supervisor is to do, as a file in memory: its size knows no bound, and nobody sees it in a list."""
    order = os.memfd_create("order", os.MFD_CLOEXEC)
    with os.fdopen(order, "wb", closefd=False) as file:
        marshal.dump((list(words), script, grace, spared, output is not None, -1 if output is None else output), file)
    os.lseek(order, 0, os.SEEK_SET)
    return order


@asynccontextmanager
async def _output_pipe() -> AsyncIterator[tuple[bytearray, int, int]]:
    """What is written to the last (the caller closes it) is gathered, its middle left out when it is too long.

    The other descriptor is the reading end.
    """
    output = bytearray()
    reading, writing = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
    )
    gathering = asyncio.create_task(_gather(reader, output))
    try:
        yield output, reading, writing
        # All that wrote has ended; only what goes on may still hold the pipe.
        await asyncio.wait([gathering], timeout=_DRAIN)
    finally:
        gathering.cancel()
        transport.close()


async def _gather(reader: asyncio.StreamReader, output: bytearray) -> None:
    while chunk := await reader.read(65536):
        output.extend(chunk)
        if len(output) > LARGEST_OUTPUT:
            output[LARGEST_OUTPUT // 4 : -LARGEST_OUTPUT // 4] = b"\n...\n"


async def _wait_or_kill(process: asyncio.subprocess.Process, grace: float) -> None:
    """Wait for a supervisor whose lifeline was cut; one that cannot end (a process that no signal ends) is killed."""
    try:
        async with asyncio.timeout(grace + _SUPERVISOR_GRACE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
