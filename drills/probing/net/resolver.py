"""Names to addresses, in a bounded pool of threads, each lookup timed.

getaddrinfo cannot be interrupted: a name server that does not answer holds its thread for as long as it likes. The
pool is therefore bounded, and its threads are daemons so that none of them delays the program's end.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from drills.probing.net.host_names import ascii_name


class NameNotResolved(Exception):
    """The name has no address, or no answer came in time; the message is one line."""


class ResolverBusy(Exception):
    """Every thread of the pool hangs: the prober cannot resolve names."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """`seconds` is None for what was an address already."""

    addresses: tuple[str, ...]
    seconds: float | None


@lru_cache(maxsize=65536)
def is_numeric(host: str) -> bool:
    """Whether the host is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _system_lookup(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(ascii_name(host), None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Names(Protocol):
    """Whatever turns names into addresses: this machine's resolution, or one DNS server."""

    async def resolve(self, host: str, timeout: float) -> Resolved:
        """The addresses of a host, by `timeout` seconds. Raises NameNotResolved and ResolverBusy."""


@dataclass(slots=True)
class _Question:
    host: str
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Sequence[str]]
    begun: bool = False


class Resolver:
    """Resolves names for probes; `threads` bounds how many lookups can hang at once."""

    def __init__(self, *, threads: int = 16, lookup: Callable[[str], Sequence[str]] = _system_lookup) -> None:
        self._limit = threads
        self._lookup = lookup
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._threads = 0
        self._open = 0

    async def resolve(self, host: str, timeout: float) -> Resolved:
        """The addresses of a host, by `timeout` seconds.

        Raises NameNotResolved when there is none, or the lookup took too long; ResolverBusy when it could not even
        begin because every thread hangs.
        """
        if is_numeric(host):
            return Resolved((host.strip("[]"),), None)
        loop = asyncio.get_running_loop()
        question = _Question(host, loop, loop.create_future())
        began = time.perf_counter()
        self._open += 1
        if self._open > self._threads < self._limit:
            self._threads += 1
            threading.Thread(target=self._serve, name=f"resolver-{self._threads}", daemon=True).start()
        self._questions.put(question)
        try:
            async with asyncio.timeout(timeout):
                addresses = await question.answer
        except TimeoutError:
            if not question.begun:
                raise ResolverBusy(f"all {self._limit} lookups of names hang") from None
            raise NameNotResolved(f"name {host} not resolved within {timeout:g} s") from None
        except OSError as error:
            raise NameNotResolved(f"name {host} not resolved: {error.strerror or error}") from None
        except ValueError:  # also UnicodeError
            raise NameNotResolved(f"{host!r} is not a name") from None
        return Resolved(tuple(addresses), time.perf_counter() - began)

    def close(self) -> None:
        """Let the threads end; one that hangs ends with the program."""
        for _ in range(self._threads):
            self._questions.put(None)

    def _serve(self) -> None:
        while (question := self._questions.get()) is not None:
            if question.answer.cancelled():
                result: Sequence[str] | Exception = ()
            else:
                question.begun = True
                try:
                    result = self._lookup(question.host)
                except (OSError, ValueError) as error:
                    result = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                question.loop.call_soon_threadsafe(self._settle, question, result)

    def _settle(self, question: _Question, result: Sequence[str] | Exception) -> None:
        self._open -= 1
        if question.answer.done():
            return
        if isinstance(result, Exception):
            question.answer.set_exception(result)
        else:
            question.answer.set_result(result)


def names_of(settings: object, resolver: Resolver) -> Names:
    """The DNS server that a probe's settings name, or else the machine's own resolution.

    Raises ValueError for a server that is not one.
    """
    server = getattr(settings, "dns", None)
    if server is None:
        return resolver
    from drills.probing.net.name_server import NameServer  # dnspython is loaded only where it is asked for

    return NameServer(server, resolver)
