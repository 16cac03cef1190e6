"""The memory limit of one replica."""

from __future__ import annotations

import asyncio
import os

import psutil

from shop.logs import log

KILLED = 137  # The exit status of a process that a container's memory limit ended.


async def end_when_over(limit_mb: int, *, every: float = 1.0) -> None:
    """End this process at once, as the kernel does in a container, when it holds more than `limit_mb` megabytes."""
    process = psutil.Process()
    while True:
        await asyncio.sleep(every)
        held = process.memory_info().rss / 2**20
        if held > limit_mb:
            log("critical", "out of memory", held_mb=round(held), memory_limit_mb=limit_mb)
            os._exit(KILLED)
