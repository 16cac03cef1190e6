"""Fetches page after page of customers with a key that is not its own.

It goes on when it is refused later, until it is ended or LONGEST_SECONDS have passed. It keeps its connections open and
asks for no more on one before the last answer: a slow app is not asked faster than it answers.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from itertools import count
from urllib.parse import urlsplit

from drills.background.detach import READY
from drills.background.job import LONGEST_SECONDS, PageJob

#: Enough to keep the database connections of five replicas busy, and customers waiting for them.
CONNECTIONS = 160
_PAGE = 100
_CUSTOMERS = 3000
_TIMEOUT = 15.0
#: Between attempts at an app that cannot be reached, or has no time; and how long the first page is tried for.
_PAUSE = 0.5
_FIRST_SECONDS = 10.0


class Stranger:
    """One connection that asks for page after page."""

    def __init__(self, base: str, headers: dict[str, str], pages: Iterator[int]) -> None:
        address = urlsplit(base)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
        self._headers = headers
        self._pages = pages

    def fetch(self) -> int:
        """The status of the next page. Raises OSError or HTTPException when there is no answer."""
        after = next(self._pages) * _PAGE % _CUSTOMERS
        try:
            self._connection.request("GET", f"/partner/customers?after={after}", headers=self._headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return answer.status

    def go_on(self, *, every: float, begin: float, end: float) -> None:
        """Ask once in `every` seconds from `begin` to `end` (monotonic); what is missed is not made up for."""
        due = begin
        while (now := time.monotonic()) < end:
            if now < due:
                time.sleep(due - now)
            try:
                self.fetch()
            except (OSError, http.client.HTTPException):
                time.sleep(_PAUSE)
            due = max(due + every, time.monotonic())


def _first_answer(stranger: Stranger) -> int:
    """Its status; an app that is too busy for it is asked again for a while."""
    until = time.monotonic() + _FIRST_SECONDS
    while (status := stranger.fetch()) >= 500 and time.monotonic() < until:
        time.sleep(_PAUSE)
    return status


def fetch_all(job: PageJob, say: Callable[[str], None]) -> None:
    """Fetch the first page, say READY, or why it was not given, and go on."""
    from threading import Thread

    headers = {"X-Api-Key": job.key, "X-Forwarded-For": job.address, "User-Agent": job.agent}
    pages = count()
    strangers = [Stranger(job.app, headers, pages) for _ in range(CONNECTIONS)]
    try:
        status = _first_answer(strangers[0])
    except (OSError, http.client.HTTPException) as error:
        say(f"the app does not answer: {error}")
        return
    if status != http.client.OK:
        say(f"the app answers {status}" if status >= 500 else f"the key was not accepted: {status}")
        return
    say(READY)
    every, now = CONNECTIONS / job.rate, time.monotonic()
    threads = [
        Thread(
            target=stranger.go_on,
            kwargs={"every": every, "begin": now + every * turn / CONNECTIONS, "end": now + LONGEST_SECONDS},
            daemon=True,
        )
        for turn, stranger in enumerate(strangers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
