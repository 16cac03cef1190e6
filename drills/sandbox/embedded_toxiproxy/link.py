"""One direction of a proxied connection: bytes pass through the stages of its toxics, in order.

Without toxics bytes are written on as they arrive; with toxics a pump task takes them from a queue. A full queue, or a
destination that does not take more, stops the reading of the source.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Protocol

from drills.sandbox.embedded_toxiproxy.toxics import Cut, Piece, Stage, Toxic


class End(Protocol):
    """A socket's side of a link, as much as the link needs of it."""

    def write(self, data: bytes) -> None: ...
    async def writable(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def reset_when_closed(self) -> None: ...
    def close(self) -> None: ...


class Link:
    """From `source` to `dest`; `ended` or a toxic closes `dest` when what was on its way has passed."""

    def __init__(self, source: End, dest: End, toxics: list[Toxic]) -> None:
        self._source, self._dest = source, dest
        self._stages: dict[str, Stage] = {toxic.name: toxic.stage() for toxic in toxics}
        self._queue: deque[Piece] = deque()
        self._source_ended = self._closed = self._feeding = False
        # As in the real server, only connections that begin under a reset toxic are reset; older ones are closed.
        if any(stage.effect.resets for stage in self._active):
            source.reset_when_closed()
            dest.reset_when_closed()
        self._wake = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        if self._stages:
            self._start_pump()

    # ---- what the source tells -------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        if self._closed:
            return
        if self._direct:
            self._dest.write(data)
            return
        self._queue.append(Piece(data, asyncio.get_running_loop().time()))
        if len(self._queue) >= self._capacity:
            self._source.pause_reading()
        self._start_pump()
        self._wake.set()

    def ended(self) -> None:
        """The source has ended, or was lost."""
        self._source_ended = True
        if self._direct:
            self._close()
        else:
            self._start_pump()
            self._wake.set()

    # ---- what the API changes --------------------------------------------------------------------------------------

    def add(self, toxic: Toxic) -> None:
        self._stages[toxic.name] = toxic.stage()
        self._start_pump()
        self._wake.set()

    def change(self, toxic: Toxic) -> None:
        old, new = self._stages[toxic.name], toxic.stage()
        new.remembered = old.remembered
        self._stages[toxic.name] = new
        old.interrupt()
        self._wake.set()

    def remove(self, name: str) -> None:
        stage = self._stages.pop(name, None)
        if stage is None:
            return
        stage.interrupt()
        if stage.effect.cuts_when_removed:
            self._close()
        self._wake.set()

    def stop(self) -> None:
        """End the pump; the connection is gone."""
        self._closed = True
        if self._pump is not None:
            self._pump.cancel()

    # ---- the pump --------------------------------------------------------------------------------------------------

    @property
    def _direct(self) -> bool:
        return not self._stages and not self._queue and not self._feeding

    @property
    def _active(self) -> list[Stage]:
        return [stage for stage in self._stages.values() if stage.active]

    @property
    def _capacity(self) -> int:
        return max((stage.effect.capacity for stage in self._active), default=1)

    def _start_pump(self) -> None:
        if self._pump is None and not self._closed:
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            with contextlib.suppress(Cut):
                while (piece := await self._next()) is not None:
                    self._feeding = True
                    await self._feed(piece, self._active)
                    self._feeding = False
                for stage in self._active:
                    await stage.effect.at_end(stage)
        finally:
            self._close()

    async def _next(self) -> Piece | None:
        """The next piece, or None at the end. Raises Cut when a toxic closes a stream that is silent."""
        while not self._queue:
            if self._source_ended:
                return None
            self._wake.clear()
            limits = (stage.effect.closes_after for stage in self._active)
            try:
                async with asyncio.timeout(min((limit for limit in limits if limit is not None), default=None)):
                    await self._wake.wait()
            except TimeoutError:
                raise Cut from None
        piece = self._queue.popleft()
        if len(self._queue) < self._capacity:
            self._source.resume_reading()
        return piece

    async def _feed(self, piece: Piece, stages: list[Stage]) -> None:
        if stages:
            async for part in stages[0].effect.through(piece, stages[0]):
                await self._feed(part, stages[1:])
        elif not self._closed:
            self._dest.write(piece.data)
            await self._dest.writable()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._queue.clear()
            self._dest.close()
