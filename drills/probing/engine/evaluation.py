"""Evaluates conditions without blocking the event loop: cheap ones at once, others in a process that can be killed.

condition ──cheap──► here, some microseconds
    └──a loop, a regular expression, a large document──► one of a few processes ──► value
                                       └──over its time or its memory──► ended; the result is *unknown*, and why

The evaluator is native code that holds the interpreter's lock for as long as it runs: a thread or a time-out of asyncio
cannot stop it. Measured with common-expression-language 0.10.0: four nested loops over 100 elements take a minute,
during which no other thread of the process runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from typing import Any, cast

from drills.model.conditions import Condition
from drills.model.durations import format_duration

#: Seconds of one evaluation, and of waiting for a process to be free.
WITHIN = 1.0
#: Seconds for a process to start: an interpreter and two imports, on a machine that may be busy.
_START = 15.0
_LENGTH = struct.Struct(">Q")


class NotEvaluated(Exception):
    """Whether the condition holds is not known; the message says why, in one line."""


class Evaluator:
    """Evaluates conditions within limits of time and memory, in at most `processes` processes, started when needed."""

    def __init__(self, *, within: float = WITHIN, processes: int = 2) -> None:
        self._within = within
        self._free = asyncio.Semaphore(processes)
        self._idle: list[Process] = []

    async def holds(self, condition: Condition, values: Mapping[str, Any]) -> bool | None:
        """Whether it holds; None when a value that it needs is missing or not comparable. Raises NotEvaluated."""
        if condition.is_cheap(values):
            return condition.holds(values)
        try:
            result = await self._elsewhere(condition, values)
        except LookupError:
            return None
        return result if isinstance(result, bool) else None

    async def value(self, condition: Condition, values: Mapping[str, Any]) -> Any:
        """What it gives. Raises LookupError when a value is missing or of the wrong kind, and NotEvaluated."""
        if condition.is_cheap(values):
            return condition.value(values)
        return await self._elsewhere(condition, values)

    async def close(self) -> None:
        """End the processes; nothing may be evaluated any more."""
        idle, self._idle = self._idle, []
        for process in idle:
            await _end(process)

    async def _elsewhere(self, condition: Condition, values: Mapping[str, Any]) -> Any:
        asked = pickle.dumps((condition.text, {name: values[name] for name in condition.names if name in values}))
        try:
            async with asyncio.timeout(self._within):
                await self._free.acquire()
        except TimeoutError:
            raise NotEvaluated(
                f"{_named(condition)} was not evaluated: the other conditions took all the time"
            ) from None
        try:
            known, result = await self._answer(condition, asked)
        finally:
            self._free.release()
        if not known:
            raise LookupError(result)
        return result

    async def _answer(self, condition: Condition, asked: bytes) -> tuple[bool, Any]:
        process = await self._ready()
        answered = False
        try:
            async with asyncio.timeout(self._within):
                answer = await _exchange(process, asked)
            answered = True
        except TimeoutError:
            raise NotEvaluated(self._too_long(condition)) from None
        except (asyncio.IncompleteReadError, OSError):
            if await process.wait() == -signal.SIGXCPU:
                raise NotEvaluated(self._too_long(condition)) from None
            raise NotEvaluated(f"{_named(condition)} was not evaluated: it took too much memory") from None
        finally:
            if answered:
                self._idle.append(process)
            else:
                await _end(process)
        return cast("tuple[bool, Any]", pickle.loads(answer))

    async def _ready(self) -> Process:
        while self._idle:
            if (process := self._idle.pop()).returncode is None:
                return process
        return await _started()

    def _too_long(self, condition: Condition) -> str:
        return f"{_named(condition)} was not evaluated: it took longer than {format_duration(self._within)}"


async def _started() -> Process:
    """A process that is ready. Raises NotEvaluated when none can be started."""
    process, ready = None, False
    try:
        async with asyncio.timeout(_START):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "drills.probing.engine.evaluation_process",
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                start_new_session=True,  # a Ctrl-C in the terminal is for the one who asks
            )
            await cast(asyncio.StreamReader, process.stdout).readexactly(1)
            ready = True
    except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
        raise NotEvaluated(f"no process for conditions could be started ({error or 'it took too long'})") from None
    finally:
        if process is not None and not ready:
            await _end(process)
    return process


async def _exchange(process: Process, asked: bytes) -> bytes:
    stdin, stdout = cast(asyncio.StreamWriter, process.stdin), cast(asyncio.StreamReader, process.stdout)
    stdin.write(_LENGTH.pack(len(asked)) + asked)
    await stdin.drain()
    (length,) = _LENGTH.unpack(await stdout.readexactly(_LENGTH.size))
    return await stdout.readexactly(length)


async def _end(process: Process) -> None:
    """Kill it and wait for its end, also when whoever waits is cancelled meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await asyncio.shield(process.wait())


def _named(condition: Condition) -> str:
    return repr(condition.text if len(condition.text) <= 100 else condition.text[:99] + "…")
