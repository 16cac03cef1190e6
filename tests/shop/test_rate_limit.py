from __future__ import annotations

from shop.rate_limit import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_no_limit_refuses_nothing() -> None:
    limit = RateLimit(0, Clock())
    assert [limit.retry_after() for _ in range(1000)] == [None] * 1000


def test_as_many_pass_in_a_minute_as_the_limit_says_however_many_ask() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    passed = 0
    for _ in range(480):
        passed += limit.retry_after() is None
        clock.now += 0.125
    assert 59 <= passed <= 61
    assert limit.refused == 480 - passed


def test_who_waits_as_long_as_told_may_pass() -> None:
    clock = Clock()
    limit = RateLimit(20, clock)
    assert limit.retry_after() is None
    wait = limit.retry_after()
    assert wait == 3
    clock.now += wait
    assert limit.retry_after() is None


def test_a_quiet_hour_saves_up_no_more_than_a_second() -> None:
    clock = Clock()
    limit = RateLimit(600, clock)
    clock.now += 3600
    assert [limit.retry_after() is None for _ in range(12)].count(True) == 10
