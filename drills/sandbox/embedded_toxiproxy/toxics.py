"""The kinds of toxic: each is a class with its settings as fields and what it does to a stream as methods.

Semantics are those of Shopify's Toxiproxy 2.12 (its README, "Toxics"). Times are in milliseconds, as in its API.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

#: Bandwidth is limited in slices of this long, so that a slow link trickles instead of bursting.
SLICE_MS = 100


class Cut(Exception):
    """The toxic closes the stream here."""


class Piece(NamedTuple):
    """Bytes on their way, and since when (event loop time; moves on as latency is served)."""

    data: bytes
    since: float


class Stage:
    """One toxic at work on one stream: what it remembers there, and how it is interrupted."""

    def __init__(self, effect: Effect, *, active: bool) -> None:
        self.effect = effect
        self.active = active
        self.remembered = 0.0
        self._interrupted = asyncio.Event()

    def interrupt(self) -> None:
        """End every pause of it, now and later: the toxic was changed or removed."""
        self._interrupted.set()

    @property
    def interrupted(self) -> bool:
        return self._interrupted.is_set()

    async def pause(self, seconds: float) -> None:
        """Wait that long, or until interrupted."""
        if seconds <= 0 or self.interrupted:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._interrupted.wait()
        except TimeoutError:
            return


@dataclass(frozen=True)
class Effect:
    """Base of all kinds: lets everything through."""

    kind: ClassVar[str]
    #: How many chunks may be under way at once; more than one only where time, not room, is the limit.
    capacity: ClassVar[int] = 1
    #: Whether removing the toxic closes the streams that it worked on.
    cuts_when_removed: ClassVar[bool] = False
    #: Whether closing by this toxic resets the connection instead of ending it in order.
    resets: ClassVar[bool] = False

    @property
    def closes_after(self) -> float | None:
        """Seconds without data after which the stream is closed."""
        return None

    async def through(self, piece: Piece, stage: Stage) -> AsyncIterator[Piece]:  # noqa: ARG002
        """What becomes of a piece. Raises Cut to close the stream."""
        yield piece

    async def at_end(self, stage: Stage) -> None:
        """Called before the end of the stream is passed on."""


@dataclass(frozen=True)
class Latency(Effect):
    """Delays data by `latency` ± `jitter`."""

    kind = "latency"
    capacity = 1024
    latency: int = 0
    jitter: int = 0

    async def through(self, piece: Piece, stage: Stage) -> AsyncIterator[Piece]:
        delay = (self.latency + (random.uniform(-self.jitter, self.jitter) if self.jitter > 0 else 0.0)) / 1000
        waiting = piece.since + delay - asyncio.get_running_loop().time()
        await stage.pause(waiting)
        yield Piece(piece.data, piece.since + delay)


@dataclass(frozen=True)
class Timeout(Effect):
    """Lets nothing through, and closes the stream after `timeout` without data; 0 never closes it."""

    kind = "timeout"
    cuts_when_removed = True
    timeout: int = 0

    @property
    def closes_after(self) -> float | None:
        return self.timeout / 1000 if self.timeout > 0 else None

    async def through(self, piece: Piece, stage: Stage) -> AsyncIterator[Piece]:
        if stage.interrupted:
            yield piece


@dataclass(frozen=True)
class Bandwidth(Effect):
    """Lets `rate` kilobytes (1,000 bytes) per second through; at 0 nothing, until it is changed or removed."""

    kind = "bandwidth"
    rate: int = 0

    async def through(self, piece: Piece, stage: Stage) -> AsyncIterator[Piece]:
        loop, rest = asyncio.get_running_loop(), piece.data
        while self.rate <= 0 and not stage.interrupted:
            await stage.pause(3600)
        slice_bytes = max(self.rate, 1) * SLICE_MS
        while len(rest) > slice_bytes and not stage.interrupted:
            await stage.pause(SLICE_MS / 1000)
            yield Piece(rest[:slice_bytes], piece.since)
            rest = rest[slice_bytes:]
        # What a pause was too long or too short is carried over in `remembered` (seconds owed).
        started, owed = loop.time(), stage.remembered + len(rest) / max(self.rate, 1) / 1000
        await stage.pause(owed)
        stage.remembered = owed - (loop.time() - started)
        yield Piece(rest, piece.since)


@dataclass(frozen=True)
class ResetPeer(Effect):
    """Resets the connection `timeout` after the first data (or its end)."""

    kind = "reset_peer"
    resets = True
    timeout: int = 0

    async def through(self, piece: Piece, stage: Stage) -> AsyncIterator[Piece]:
        if stage.interrupted:
            yield piece
            return
        await asyncio.sleep(self.timeout / 1000)
        raise Cut

    async def at_end(self, stage: Stage) -> None:  # noqa: ARG002
        await asyncio.sleep(self.timeout / 1000)


@dataclass(frozen=True)
class SlowClose(Effect):
    """Delays the end of the stream by `delay`."""

    kind = "slow_close"
    delay: int = 0

    async def at_end(self, stage: Stage) -> None:
        await stage.pause(self.delay / 1000)


@dataclass(frozen=True)
class LimitData(Effect):
    """Closes the stream when `bytes` have gone through."""

    kind = "limit_data"
    bytes: int = 0

    async def through(self, piece: Piece, stage: Stage) -> AsyncIterator[Piece]:
        passing = piece.data[: max(0, self.bytes - int(stage.remembered))]
        stage.remembered += len(passing)
        if passing:
            yield Piece(passing, piece.since)
        if stage.remembered >= self.bytes:
            raise Cut


EFFECTS: dict[str, type[Effect]] = {
    effect.kind: effect for effect in (Latency, Timeout, Bandwidth, ResetPeer, SlowClose, LimitData)
}


def changed(effect: Effect, attributes: Any) -> Effect:
    """`effect` with these settings changed; unknown ones are ignored, as the real server does.

    Raises ValueError when one is no whole number.
    """
    if not isinstance(attributes, dict):
        raise ValueError("attributes must be an object")  # noqa: TRY004 (one error for every bad body)
    known = {one.name: getattr(effect, one.name) for one in fields(effect)}
    for name, value in attributes.items():
        if name in known and value is not None:
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError(f"{name} must be a whole number, not {value!r}")
            known[name] = value
    return type(effect)(**known)


@dataclass
class Toxic:
    """A toxic as the API shows it; `effect` holds its attributes."""

    name: str
    type: str
    stream: str
    toxicity: float
    effect: Effect = field(default_factory=Effect)

    def stage(self) -> Stage:
        """Put it to work on one stream: the dice decide by `toxicity` whether it does anything there."""
        return Stage(self.effect, active=random.random() < self.toxicity)

    def shown(self) -> dict[str, Any]:
        attributes = {one.name: getattr(self.effect, one.name) for one in fields(self.effect)}
        return {
            "attributes": attributes,
            "name": self.name,
            "type": self.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }
