"""A runbook as the responder: its blocks are executed one after the other, and each leaves its evidence."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from drills.clock import Clock
from drills.core.playbook import Choice
from drills.core.responder_kind import STEP_VARIABLE
from drills.responders.masking import mask, secrets_of
from drills.responders.runbook_file import Block

#: What is kept of a block's output; the rest is cut from its middle.
OUTPUT_LIMIT = 16_000
#: Seconds that a step's processes have after SIGTERM, before SIGKILL.
_GRACE = 2.0
_LOOK = 0.02
#: Seconds to wait for the last output of a step whose processes have ended.
_DRAIN = 1.0


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of one block. `seconds` is on the monotonic clock."""

    block: Block
    ok: bool
    reason: str
    exit_status: int | None
    seconds: float
    output: str
    skipped: bool = False
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class RunbookResult:
    ok: bool
    steps: tuple[StepResult, ...]
    stopped_at: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a block's process finds around it."""

    folder: Path
    environment: Mapping[str, str]
    secrets: Sequence[str] = ()

    @classmethod
    def of(cls, workspace_root: Path, drill_id: str | None = None, secrets: Sequence[str] = ()) -> Surroundings:
        """The environment of this process, with this interpreter's `drills` first on PATH."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        marks = {"DRILLS_DRILL": drill_id} if drill_id else {}
        environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "DRILLS_WORKSPACE": str(workspace_root), **marks}
        return cls(folder=workspace_root, environment=environment, secrets=(*secrets, *secrets_of(os.environ)))


async def execute(
    blocks: Iterable[Block],
    surroundings: Surroundings,
    *,
    clock: Clock,
    on_step: Callable[[StepResult], None],
    choice: Choice | None = None,
) -> RunbookResult:
    """Execute the blocks in order and stop at the first that fails.

    A block with `when` is skipped unless the last decision was that one. Cancelling ends the running block's
    whole process group before this returns.
    """
    steps: list[StepResult] = []
    for block in blocks:
        wanted = block.attributes.when
        if wanted is not None and wanted is not choice:
            steps.append(
                StepResult(block, True, f"decided otherwise: {choice or 'nothing'}", None, 0.0, "", skipped=True)
            )
            continue
        step = await _run(block, surroundings, clock)
        choice = step.choice or choice
        steps.append(step)
        on_step(step)
        if not step.ok:
            return RunbookResult(False, tuple(steps), stopped_at=block.name, reason=step.reason)
    return RunbookResult(True, tuple(steps))


def run_by_itself(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks that a drill executes: all but the optional ones, which are left to people."""
    return tuple(block for block in blocks if not block.attributes.optional)


def rehearsable(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks that change nothing, the optional ones too."""
    return tuple(block for block in blocks if block.attributes.read_only)


async def _run(block: Block, surroundings: Surroundings, clock: Clock) -> StepResult:
    began = clock.monotonic()
    shell = ["bash", "-euo", "pipefail", "-c"] if block.language == "bash" else ["sh", "-eu", "-c"]
    limit = block.attributes.timeout.total_seconds()
    timed_out = False
    # A pipe of our own, not the process's: a step has ended when its shell has, whoever still holds the other end.
    async with _output_pipe() as (output, writing):
        try:
            process = await asyncio.create_subprocess_exec(
                *shell,
                block.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.STDOUT,
                cwd=surroundings.folder,
                env={**surroundings.environment, STEP_VARIABLE: block.name},
                start_new_session=True,
            )
        except OSError as error:
            reason = f"{shell[0]} cannot be started: {error.strerror}"
            return StepResult(block, False, reason, None, clock.monotonic() - began, "")
        finally:
            os.close(writing)
        try:
            async with asyncio.timeout(limit):
                await process.wait()
        except TimeoutError:
            timed_out = True
        finally:
            await _end(process)
    text = mask(output.decode(errors="replace"), surroundings.secrets)
    result = StepResult(block, True, "", process.returncode, clock.monotonic() - began, text)
    if timed_out:
        result = replace(result, ok=False, reason=f"not finished after {limit:g} s", exit_status=None)
    else:
        result = _judge(result)
    return replace(result, output=_shorten(text))


def _judge(result: StepResult) -> StepResult:
    attributes = result.block.attributes
    if result.exit_status != attributes.exit:
        return replace(result, ok=False, reason=f"exit status {result.exit_status}, not {attributes.exit}")
    if attributes.expect is not None and not re.search(attributes.expect, result.output):
        return replace(result, ok=False, reason=f"the output does not contain {attributes.expect!r}")
    if attributes.decision:
        lines = [line.strip() for line in result.output.splitlines() if line.strip()]
        if not lines or lines[-1] not in set(Choice):
            return replace(result, ok=False, reason="a decision ends with a line that says fix, rollback or wait")
        return replace(result, choice=Choice(lines[-1]))
    return result


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
        # All that wrote has ended; only what fled into a session of its own may still hold the pipe.
        await asyncio.wait([gathering], timeout=_DRAIN)
    finally:
        gathering.cancel()
        transport.close()


async def _gather(reader: asyncio.StreamReader, output: bytearray) -> None:
    while chunk := await reader.read(65536):
        output.extend(chunk)
        if len(output) > 16 * OUTPUT_LIMIT:
            output[4 * OUTPUT_LIMIT : -4 * OUTPUT_LIMIT] = b"\n...\n"


async def _end(process: asyncio.subprocess.Process) -> None:
    """End whatever is left of the step's process group, also what it put into the background."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            break
        for _ in range(round(_GRACE / _LOOK)):
            if not _group_lives(process.pid):
                break
            await asyncio.sleep(_LOOK)
    await process.wait()


def _group_lives(group: int) -> bool:
    """Whether somebody of it still runs; who has ended and only waits for a lazy parent does not count."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return any(_in_group(process, group) for process in psutil.process_iter())


def _in_group(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.Error):
        return False


def _shorten(text: str) -> str:
    if len(text) <= OUTPUT_LIMIT:
        return text
    half = OUTPUT_LIMIT // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
