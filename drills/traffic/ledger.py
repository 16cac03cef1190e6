"""Records all users' intended requests: each ends as exactly one of ok, slow, failed or missed.

    enter ─► take ─► send ─► answered ─► judge ─┐
              ▲                                 │       close(t) gives the seconds that ended by t
              └─────────────────────────────────┘

Pure: callers pass the time, which never goes back. What happened after the end of a second never changes it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from drills.traffic.pacing import Pace
from drills.traffic.second import Second

#: Spreads the users' first intended starts over the period without clusters, however many users there come to be
#: (multiples of the golden ratio, a low-discrepancy sequence).
_SPREAD = 0.6180339887498949


@dataclass(slots=True)
class Flight:
    """A request on its way."""

    user: int
    route: str
    intended: float
    ended: float | None = None
    judged: bool = False


@dataclass(slots=True)
class _User:
    pace: Pace
    free_since: float
    taken: float | None = None
    flight: Flight | None = None
    route: str = ""

    @property
    def thinking(self) -> bool:
        """Neither waiting for an answer nor for its next intended start."""
        return self.taken is None and self.flight is None


class Ledger:
    """`period` is between the intended starts of a user; a request over `slow_after` makes its user suffer.

    `share` is (this worker, all workers) where several share the users: then their starts fall between each other's.
    """

    def __init__(self, start: float, *, period: float, slow_after: float, share: tuple[int, int] = (0, 1)) -> None:
        self._share = share
        self.start, self._period, self._slow_after = start, period, slow_after
        self._users: dict[int, _User] = {}
        self._open = Second(start + 1.0)
        self._closed: deque[Second] = deque()
        self._entered = 0
        self._suffered: set[int] = set()

    # ---- totals ----------------------------------------------------------------------------------------------------

    @property
    def users_total(self) -> int:
        """Distinct users so far."""
        return self._entered

    @property
    def users_suffered(self) -> int:
        """Distinct users who suffered after the mark."""
        return len(self._suffered)

    def mark(self, t: float) -> None:
        """Only suffering from now on counts in `users_suffered`."""
        self._roll(t)
        self._suffered.clear()

    # ---- a user's course -------------------------------------------------------------------------------------------

    def enter(self, t: float) -> int:
        """A user begins; returns its number. Its first intended start is within a period."""
        self._roll(t)
        number = self._entered
        self._entered += 1
        worker, workers = self._share
        first = t + ((number * workers + worker) * _SPREAD % 1.0) * self._period
        self._users[number] = _User(Pace(first, self._period, self._slow_after), free_since=t)
        return number

    def leave(self, user: int, t: float) -> None:
        """A user ends; nothing that it intends afterwards counts. What it waits for is given up."""
        self._roll(t)
        gone = self._users.pop(user, None)
        if gone is not None and gone.flight is not None:
            self._open.planned += gone.pace.count(t)

    def take(self, user: int, t: float) -> float:
        """The user is ready for its next request; returns when that is intended, be it past or to come."""
        self._roll(t)
        one = self._users[user]
        if one.flight is not None:
            self.answered(one.flight, t)
        self._open.planned += one.pace.count(one.free_since)
        missed, one.taken = one.pace.take(one.free_since, t)
        for start in missed:
            tally = self._open.route(one.route)
            tally.missed += 1
            tally.time(start.lateness)
            self._suffers(user, start.intended + self._slow_after, one.free_since)
        return one.taken

    def send(self, user: int, t: float, route: str) -> Flight:
        """The request that was taken is sent."""
        self._roll(t)
        one = self._users[user]
        intended = t if one.taken is None else one.taken
        one.flight = Flight(user, route, intended)
        one.taken, one.route = None, route
        self._open.started += 1
        return one.flight

    def answered(self, flight: Flight, t: float) -> None:
        """An answer or an error came; the user is free. The judgement may come later."""
        self._roll(t)
        if flight.ended is not None:
            return
        flight.ended = t
        one = self._users.get(flight.user)
        if one is not None and one.flight is flight:
            self._open.planned += one.pace.count(t)
            one.flight, one.free_since = None, t

    def judge(self, flight: Flight, t: float, *, error: str | None = None, degraded: bool = False) -> None:
        """How the request ended: `error` says what was wrong. Only the first judgement counts."""
        self.answered(flight, t)
        self._roll(t)
        if flight.judged or flight.ended is None:
            return
        flight.judged = True
        took = flight.ended - flight.intended
        tally = self._open.route(flight.route)
        tally.time(took)
        if error is not None:
            tally.failed += 1
            tally.errors[error] = tally.errors.get(error, 0) + 1
        elif took > self._slow_after:
            tally.slow += 1
        else:
            tally.ok += 1
        if degraded and error is None:
            tally.degraded += 1
        if error is not None or took > self._slow_after:
            since = min(flight.ended, flight.intended + self._slow_after)
            self._suffers(flight.user, since, flight.ended)

    # ---- seconds ---------------------------------------------------------------------------------------------------

    def close(self, t: float) -> list[Second]:
        """The seconds that have ended by `t` and were not given before, in order and without a gap."""
        self._roll(t)
        closed = list(self._closed)
        self._closed.clear()
        return closed

    def unsettled(self, t: float) -> int:
        """Intended starts that fell due before `t` and have no outcome yet; requests that wait for judgement aside."""
        total = 0
        for one in self._users.values():
            total += one.pace.waiting(one.free_since if one.thinking else t)
            total += one.taken is not None and one.taken < t
            total += one.flight is not None and one.flight.intended < t
        return total

    def _roll(self, t: float) -> None:
        while t >= self._open.end:
            self._finish(self._open)
            self._closed.append(self._open)
            self._open = Second(self._open.end + 1.0)

    def _finish(self, second: Second) -> None:
        for number, one in self._users.items():
            second.planned += one.pace.count(one.free_since if one.thinking else second.end)
            if one.flight is not None:
                late = one.flight.intended + self._slow_after
                overdue = (late < second.end) + one.pace.waiting(second.end, longer_than=self._slow_after)
                if overdue:
                    route = one.flight.route
                    second.overdue_routes[route] = second.overdue_routes.get(route, 0) + overdue
                    self._suffers(number, late, second.end)
        second.users = len(self._users)

    def _suffers(self, user: int, since: float, until: float) -> None:
        self._open.suffers(user, since, until)
        self._suffered.add(user)
