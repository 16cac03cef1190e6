"""The book of requests: nothing is lost, nothing counts twice, and a stall shows as what users suffer in it."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drills.impact.latency import bucket
from drills.traffic.ledger import Flight, Ledger
from drills.traffic.second import Second


def totals(seconds: list[Second]) -> dict[str, int]:
    kinds = ("ok", "slow", "failed", "missed")
    return {kind: sum(getattr(tally, kind) for one in seconds for tally in one.routes.values()) for kind in kinds}


@dataclass
class World:
    """Users in a closed loop against an app that answers a request of time t after `answer(t)` seconds."""

    ledger: Ledger
    answer: object
    think: float = 0.0
    fails: float = 0.0
    seconds: list[Second] = field(default_factory=list)

    def run(self, users: int, until: float) -> None:
        chance = random.Random(1)
        todo: list[tuple[float, int, str, object]] = []
        for _ in range(users):
            heapq.heappush(todo, (0.0, self.ledger.enter(0.0), "take", None))
        while todo and todo[0][0] < until:
            t, user, what, flight = heapq.heappop(todo)
            self.seconds += self.ledger.close(t)
            if what == "take":
                heapq.heappush(todo, (max(t, self.ledger.take(user, t)), user, "send", None))
            elif what == "send":
                sent = self.ledger.send(user, t, "home")
                heapq.heappush(todo, (t + self.answer(t), user, "judge", sent))  # type: ignore[operator]
            else:
                assert isinstance(flight, Flight)
                self.ledger.judge(flight, t, error="HTTP 503" if chance.random() < self.fails else None)
                heapq.heappush(todo, (t + self.think * chance.random(), user, "take", None))
        self.seconds += self.ledger.close(until)


def world(answer: object, *, slow_after: float = 2.0, client_timeout: float = 10.0, **options: float) -> World:
    return World(Ledger(0.0, period=1.0, slow_after=slow_after, client_timeout=client_timeout), answer, **options)


def test_a_healthy_app_makes_nobody_suffer_and_the_plan_is_kept() -> None:
    app = world(lambda t: 0.01)
    app.run(users=20, until=30.0)
    assert [second.end for second in app.seconds] == [float(end) for end in range(1, 31)]
    assert all(second.planned == second.started == 20 for second in app.seconds)
    assert all(second.first_suffering is None and not second.overdue_routes for second in app.seconds)
    assert totals(app.seconds)["ok"] >= 20 * 30 - 20


def test_users_are_spread_over_their_period() -> None:
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    firsts = sorted(ledger.take(ledger.enter(0.0), 0.0) for _ in range(20))
    assert max(after - before for before, after in pairwise(firsts)) < 0.1


def test_a_stall_of_twenty_seconds_fails_as_many_as_were_intended_in_it_and_not_one_for_each_user() -> None:
    stalled = world(lambda t: max(0.01, 40.0 - t) if 20.0 <= t < 40.0 else 0.01)
    stalled.run(users=20, until=60.0)
    ended = totals(stalled.seconds)
    suffered = ended["slow"] + ended["missed"]
    # An open loop would have 20 s × 20 requests in the stall; those of its last 2 s are answered soon enough.
    assert abs(suffered - 18 * 20) <= 20
    assert ended["missed"] > 250


def test_while_a_stall_lasts_all_that_is_due_counts_as_overdue() -> None:
    hung = world(lambda t: 1e9 if t >= 5.0 else 0.01)
    hung.run(users=10, until=15.0)
    last = hung.seconds[-1]
    assert (last.planned, last.started) == (10, 0)
    assert last.overdue_routes == {"home": 80}
    assert last.sufferers == set(range(10))
    assert last.last_suffering == 15.0


def test_the_first_suffering_of_a_stall_is_when_the_first_request_was_too_slow() -> None:
    hung = world(lambda t: 1e9 if t >= 5.0 else 0.01)
    hung.run(users=1, until=10.0)
    first = next(second for second in hung.seconds if second.first_suffering is not None)
    assert first.first_suffering == 7.0  # the user's requests start at whole seconds; the one at 5 s hangs
    assert first.end == 8.0


def test_an_error_is_suffered_when_it_comes() -> None:
    ledger = Ledger(100.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    user = ledger.enter(100.0)
    intended = ledger.take(user, 100.0)
    flight = ledger.send(user, intended, "home")
    ledger.judge(flight, 100.25, error="HTTP 503")
    (second,) = ledger.close(101.0)
    assert (second.first_suffering, second.last_suffering) == (100.25, 100.25)
    assert second.routes["home"].errors == {"HTTP 503": 1}
    assert second.sufferers == {user}


def test_an_answer_from_a_fallback_is_degraded_and_an_error_is_not() -> None:
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    user = ledger.enter(0.0)
    for t, error in ((0.0, None), (1.0, "HTTP 500")):
        ledger.take(user, t)
        ledger.judge(ledger.send(user, t, "home"), t + 0.1, error=error, degraded=True)
    seconds = ledger.close(2.0)
    assert [second.routes["home"].degraded for second in seconds] == [1, 0]


def test_a_request_is_judged_once() -> None:
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    user = ledger.enter(0.0)
    ledger.take(user, 0.0)
    flight = ledger.send(user, 0.0, "home")
    ledger.judge(flight, 0.1, error="ValueError")
    ledger.judge(flight, 0.2)
    (second,) = ledger.close(1.0)
    assert (second.routes["home"].failed, second.routes["home"].ok) == (1, 0)


def test_a_generator_that_was_late_still_gives_every_second() -> None:
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    ledger.enter(0.0)
    assert [second.end for second in ledger.close(5.5)] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_only_users_who_suffer_after_the_mark_are_in_the_total() -> None:
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    users = [ledger.enter(0.0), ledger.enter(0.0)]
    for user, t in zip(users, (0.7, 1.7), strict=True):
        ledger.take(user, t)
        ledger.judge(ledger.send(user, t, "home"), t + 0.1, error="HTTP 500")
        if user == users[0]:
            ledger.mark(1.0)
    ledger.close(3.0)
    assert (ledger.users_total, ledger.users_suffered) == (2, 1)


def test_a_user_who_has_left_is_planned_for_no_more() -> None:
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    user = ledger.enter(0.0)
    ledger.take(user, 0.0)
    ledger.judge(ledger.send(user, 0.0, "home"), 0.1)
    ledger.take(user, 0.1)
    ledger.leave(user, 0.5)
    seconds = ledger.close(5.0)
    assert [second.planned for second in seconds] == [1, 0, 0, 0, 0]
    assert [second.users for second in seconds] == [0, 0, 0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(
    users=st.integers(1, 6),
    answers=st.lists(st.floats(0.001, 12.0), min_size=1, max_size=8),
    think=st.sampled_from([0.0, 0.5, 3.0]),
    fails=st.sampled_from([0.0, 0.3, 1.0]),
    slow_after=st.sampled_from([0.3, 1.0, 2.0]),
    until=st.integers(1, 60),
)
def test_every_intended_start_ends_as_exactly_one_kind_or_is_still_on_its_way(
    users: int, answers: list[float], think: float, fails: float, slow_after: float, until: int
) -> None:
    chance = random.Random(2)
    app = world(lambda t: chance.choice(answers), slow_after=slow_after, think=think, fails=fails)
    app.run(users, float(until))
    ended = totals(app.seconds)
    assert sum(second.planned for second in app.seconds) == sum(ended.values()) + app.ledger.unsettled(float(until))
    for second in app.seconds:
        timed = {kind: count for kind, count in totals([second]).items() if kind != "missed"}
        assert sum(sum(tally.latencies.values()) for tally in second.routes.values()) == sum(timed.values())
        suffering = sum(t.slow + t.failed + t.missed for t in second.routes.values()) + sum(
            second.overdue_routes.values()
        )
        assert (suffering > 0) == bool(second.sufferers) == (second.first_suffering is not None)
        if second.first_suffering is not None and second.last_suffering is not None:
            assert second.end - 1.0 <= second.first_suffering <= second.last_suffering <= second.end


def test_a_request_without_an_answer_fails_once_when_its_client_timeout_is_over_and_is_overdue_until_then() -> None:
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    user = ledger.enter(0.0)
    ledger.take(user, 0.0)
    flight = ledger.send(user, 0.5, "home")
    until_the_deadline = ledger.close(10.0)
    assert totals(until_the_deadline)["failed"] == 0
    assert [sum(second.unanswered.values()) for second in until_the_deadline] == [0, 0] + [1] * 8
    (deadline,) = ledger.close(11.0)
    assert deadline.routes["home"].errors == {"no answer within 10 s": 1}
    assert deadline.routes["home"].latencies == {bucket(10.0): 1}
    assert not deadline.unanswered
    ledger.judge(flight, 12.5)
    assert totals(ledger.close(20.0)) == {"ok": 0, "slow": 0, "failed": 0, "missed": 0}


def test_a_request_may_have_a_timeout_of_its_own() -> None:
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    user = ledger.enter(0.0)
    ledger.take(user, 0.0)
    ledger.send(user, 0.0, "export", patience=30.0)
    assert totals(ledger.close(30.0))["failed"] == 0
    assert totals(ledger.close(31.0))["failed"] == 1


def test_a_user_whose_client_waits_on_suffers_on() -> None:
    app = world(lambda t: 60.0, client_timeout=5.0)
    app.run(users=3, until=30.0)
    assert totals(app.seconds)["failed"] == 3
    assert all(len(second.sufferers) == 3 for second in app.seconds[4:])


@settings(deadline=None, max_examples=25)
@given(st.floats(0.1, 9.9))
def test_a_response_time_is_that_of_the_answer_however_long_its_user_had_waited_before(takes: float) -> None:
    app = world(lambda t: takes)
    app.run(users=5, until=40.0)
    assert {index for second in app.seconds for tally in second.routes.values() for index in tally.latencies} <= {
        bucket(takes) - 1,
        bucket(takes),
        bucket(takes) + 1,
    }
