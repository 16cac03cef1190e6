"""libcurl's multi interface on the running event loop: thousands of transfers at once, no threads.

    asyncio ── one reader ──► epoll ── many sockets ──► libcurl
            ── one timer  ─────────────────────────────►

All of libcurl's sockets sit in an epoll set of their own, of which asyncio sees one file descriptor: that is five
times cheaper than to register each socket of each short connection with asyncio.
"""

from __future__ import annotations

import asyncio
import math
import select

import pycurl

_SOME = 256


class Transfers:
    """Performs prepared Curl handles. To be made, used and closed within one running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._known: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = math.inf
        self._soon = self._closed = False
        self._waiting: dict[pycurl.Curl, asyncio.Future[int]] = {}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._socket_changed)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._timer_changed)
        self._loop.add_reader(self._epoll.fileno(), self._ready)

    async def perform(self, curl: pycurl.Curl) -> int:
        """Run one transfer to its end. Returns libcurl's error code, 0 when an answer came.

        A cancelled transfer is taken out at once and its socket closed.
        """
        done: asyncio.Future[int] = self._loop.create_future()
        self._waiting[curl] = done
        self._multi.add_handle(curl)
        try:
            return await done
        except asyncio.CancelledError:
            if self._waiting.pop(curl, None) is not None:
                self._multi.remove_handle(curl)
            raise

    def close(self) -> None:
        """Drop all that still runs."""
        for curl, done in self._waiting.items():
            self._multi.remove_handle(curl)
            done.cancel()
        self._waiting.clear()
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._epoll.fileno())
        self._multi.close()
        self._epoll.close()

    # ---- what libcurl asks for ------------------------------------------------------------------------------------

    def _socket_changed(self, what: int, fd: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            if fd in self._known:
                self._known.discard(fd)
                try:  # noqa: SIM105 - twice as fast as suppress, and called for every connection
                    self._epoll.unregister(fd)
                except OSError:
                    pass  # libcurl closed it first: the kernel has forgotten it already
            return
        events = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        if fd in self._known:
            try:
                self._epoll.modify(fd, events)
            except FileNotFoundError:  # the number was closed and used again between two calls
                self._epoll.register(fd, events)
        else:
            self._known.add(fd)
            self._epoll.register(fd, events)

    def _timer_changed(self, milliseconds: int) -> None:
        if milliseconds == 0:
            if not self._soon:
                self._soon = True
                self._loop.call_soon(self._expired)
            return
        # A timer that is set too early is kept, and set again when it fires: libcurl moves its deadline at every
        # step of every transfer, and nearly always to a later one.
        self._due = self._loop.time() + milliseconds / 1000 if milliseconds > 0 else math.inf
        if self._timer is None:
            self._arm()
        elif self._due < self._timer.when():
            self._timer.cancel()
            self._arm()

    def _arm(self) -> None:
        self._timer = None if math.isinf(self._due) else self._loop.call_at(self._due, self._timed)

    # ---- events of the event loop --------------------------------------------------------------------------------

    def _timed(self) -> None:
        self._timer = None
        if self._loop.time() < self._due:
            self._arm()
            return
        self._due = math.inf
        self._expired()

    def _expired(self) -> None:
        self._soon = False
        if self._closed:
            return
        _, running = self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect(running)

    def _ready(self) -> None:
        act, running = self._multi.socket_action, len(self._waiting)
        for fd, events in self._epoll.poll(0, _SOME):
            ready = (pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0) | (
                pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
            )
            _, running = act(fd, ready)
        self._collect(running)

    def _collect(self, running: int) -> None:
        if running >= len(self._waiting):
            return
        more = 1
        while more:
            more, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._finish(curl, 0)
            for curl, code, _ in failed:
                self._finish(curl, code)

    def _finish(self, curl: pycurl.Curl, code: int) -> None:
        self._multi.remove_handle(curl)
        done = self._waiting.pop(curl, None)
        if done is not None and not done.done():
            done.set_result(code)
