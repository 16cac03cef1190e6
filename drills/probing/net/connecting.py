"""Opens a connection for the kinds of probes that need one, and says why it failed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Mapping, Sequence

from drills.probing.curl.reasons import own_fault
from drills.probing.net.resolver import NameNotResolved, ResolverBusy
from drills.probing.seen import Seen

#: What ends an attempt to resolve a name, connect and talk; a timeout is an OSError too.
NOT_REACHED = (ResolverBusy, NameNotResolved, OSError)


async def open_first(addresses: Sequence[str], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first of the addresses that takes connections. Raises the last one's OSError."""
    for address in addresses[:-1]:
        with contextlib.suppress(OSError):
            return await asyncio.open_connection(address, port)
    return await asyncio.open_connection(addresses[-1], port)


def unreached(
    error: ResolverBusy | NameNotResolved | OSError,
    timeout: float,
    phases: Mapping[str, float],
    *,
    awaited: str = "answer",
) -> Seen:
    """What a check saw that ended with one of `NOT_REACHED`.

    `timeout` is the probe's, in seconds; `awaited` is what it waited for once `phases` say that it was connected.
    """
    if isinstance(error, ResolverBusy):
        return Seen(unknown=str(error))
    if isinstance(error, NameNotResolved):
        return Seen(failure=str(error))
    if isinstance(error, TimeoutError):
        late = awaited if "connect" in phases else "connection"
        return Seen(failure=f"no {late} within {timeout:g} s", phases=phases)
    return Seen(unknown=own_fault(error.errno or 0), failure=os_reason(error), phases=phases)


def os_reason(error: OSError) -> str:
    """A failed connection in a few words."""
    # asyncio replaces the system's message by the address.
    number = errno.ECONNRESET if isinstance(error, ConnectionResetError) else error.errno
    said = os.strerror(number) if number and number > 0 else error.strerror or str(error)
    return (said or type(error).__name__).split("\n")[0].lower()
