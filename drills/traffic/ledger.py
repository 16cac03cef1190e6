"""Records all users' intended requests: each is counted once, as ok, slow, failed or missed.

    enter ─► take ─► send ─► answered ─► judge ─┐
              ▲                                 │       close(t) gives the seconds that ended by t
              └─────────────────────────────────┘

Pure: callers pass the time, which never goes back. What happened after the end of a second never changes it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from drills.traffic.pacing import Pace
from drills.traffic.second import Second, count

#: Spreads the users' first intended starts over the period without clusters, however many users there come to be
#: (multiples of the golden ratio, a low-discrepancy sequence).
_SPREAD = 0.6180339887498949


@dataclass(slots=True)
class Flight:
    """A request on its way. `patience`: seconds after being sent from which it has failed, answered later or not.

    `before` is the route that its user asked before: what made its start late.
    """

    user: int
    route: str
    before: str
    intended: float
    sent: float
    patience: float
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

    One that is unanswered for `client_timeout` from being sent has failed at that moment, also when its client goes on
    waiting. Until then it is overdue: its user suffers, and nothing has failed.

    `share` is (this worker, all workers) where several share the users: then their starts fall between each other's.
    """

    def __init__(
        self, start: float, *, period: float, slow_after: float, client_timeout: float, share: tuple[int, int] = (0, 1)
    ) -> None:
        self._share = share
        self._client_timeout = client_timeout
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
            self._open.route(one.route).missed += 1
            self._suffers(user, start.intended + self._slow_after, one.free_since)
        return one.taken

    def send(self, user: int, t: float, route: str, *, patience: float | None = None) -> Flight:
        """The request that was taken is sent. `patience` is its own client timeout, if it has one."""
        self._roll(t)
        one = self._users[user]
        intended = t if one.taken is None else one.taken
        one.flight = Flight(
            user, route, one.route or route, intended, t, self._client_timeout if patience is None else patience
        )
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
        own = self._open.route(flight.route)
        own.time(flight.ended - flight.sent)
        if error is not None:
            own.fail(error)
        else:
            tally = self._open.route(self._slow_route(flight, flight.ended))
            if took > self._slow_after:
                tally.slow += 1
            else:
                tally.ok += 1
            tally.degraded += degraded
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
            total += one.flight is not None and not one.flight.judged and one.flight.intended < t
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
                self._wait(number, one.flight, one.pace.waiting(second.end, longer_than=self._slow_after), second)
        second.users = len(self._users)

    def _wait(self, user: int, flight: Flight, due_since: int, second: Second) -> None:
        """A request is unanswered at the end of a second, and `due_since` starts have waited too long behind it."""
        late, age = flight.intended + self._slow_after, second.end - flight.sent
        if not flight.judged and age > flight.patience:
            flight.judged = True
            tally = second.route(flight.route)
            tally.time(flight.patience)
            tally.fail(f"no answer within {flight.patience:g} s")
            self._suffers(user, late, second.end)
        is_late = not flight.judged and late < second.end
        if is_late:
            count(second.unanswered, age)
        if overdue := is_late + due_since:
            route = self._slow_route(flight, second.end)
            second.overdue_routes[route] = second.overdue_routes.get(route, 0) + overdue
            self._suffers(user, late, second.end)

    def _slow_route(self, flight: Flight, t: float) -> str:
        """The route to which a request belongs if it is late at `t`: the one before, if that made it late."""
        late = t - flight.intended > self._slow_after
        return flight.before if late and t - flight.sent <= self._slow_after else flight.route

    def _suffers(self, user: int, since: float, until: float) -> None:
        self._open.suffers(user, since, until)
        self._suffered.add(user)
