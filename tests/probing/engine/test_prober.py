"""The engine: time, slots, checking again, and its own statistics. The clock is a fake one throughout."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drills.model.probe import Observation, Outcome
from drills.probing.seen import Seen
from tests.fakes import settle
from tests.probing.scripted import Stage, at_once, failing, hanging, named, staged


def played(play: Callable[[], Awaitable[Stage]]) -> Stage:
    async def whole() -> Stage:
        return await play()

    return asyncio.run(whole())


def test_each_probe_is_checked_once_in_each_interval_and_on_time() -> None:
    async def play() -> Stage:
        async with staged([named(f"probe-{n}") for n in range(50)]) as stage:
            await stage.clock.advance(30)
            return stage

    stage = played(play)
    assert {len(stage.of(f"probe-{n}")) for n in range(50)} == {3}
    assert stage.prober.stats().lateness_max < 0.01
    assert stage.prober.stats().skipped == 0
    starts = [observation.started for observation in stage.of("probe-7")]
    assert [round(later - earlier, 6) for earlier, later in pairwise(starts)] == [10, 10]


def test_phases_are_spread_over_the_interval() -> None:
    async def play() -> Stage:
        async with staged([named(f"probe-{n}") for n in range(1000)]) as stage:
            await stage.clock.advance(9.99)
            return stage

    by_second = [0] * 10
    for observation in played(play).seen:
        by_second[int(observation.started % 10)] += 1
    assert sum(by_second) == 1000
    assert min(by_second) > 60


def test_a_turn_that_comes_while_the_probe_still_checks_is_skipped_and_counted() -> None:
    async def play() -> Stage:
        async with staged([named("slow"), named("other")], {"slow": hanging(25)}) as stage:
            await stage.clock.advance(40)
            return stage

    stage = played(play)
    assert stage.most_at_once == {"slow": 1, "other": 1}
    assert stage.prober.stats().skipped == 2
    assert len(stage.of("other")) == 4


def test_a_check_that_is_unanswered_when_the_next_is_due_is_reported_as_degraded_until_it_ends() -> None:
    patient = named("slow", every="3s", timeout="10s", **{"degraded-when": ["time.total > 2.0"]})

    async def play() -> Stage:
        async with staged([patient], {"slow": hanging(10)}) as stage:
            await stage.clock.advance(12.9)
            return stage

    first, *others = played(play).of("slow")
    assert (first.outcome, first.unanswered, first.reason) == (Outcome.DEGRADED, True, "no answer for 3.0 s")
    assert [(each.outcome, each.unanswered) for each in others] == [
        (Outcome.DEGRADED, True),
        (Outcome.DEGRADED, True),
        (Outcome.FAIL, False),
    ]


@settings(max_examples=60, deadline=None)
@given(
    takes=st.lists(st.floats(0, 30), min_size=1, max_size=12),
    again_at=st.lists(st.floats(0.1, 9), max_size=6),
)
def test_two_checks_of_one_probe_never_overlap_however_long_they_take(
    takes: list[float], again_at: list[float]
) -> None:
    async def play() -> Stage:
        async with staged([named("probe", every="2s")], lambda n: (takes[n % len(takes)], Seen(failure="no"))) as stage:
            for wait in again_at:
                await stage.clock.advance(wait)
                stage.prober.check_now("probe")
            await stage.clock.advance(40)
            return stage

    stage = played(play)
    assert stage.most_at_once["probe"] == 1
    turns = 0
    for observation in stage.of("probe"):
        turns += observation.attempt == 0
    stats = stage.prober.stats()
    due = (stage.clock.monotonic() - 1000) / 2
    assert turns + stats.skipped + stats.running <= due + 2
    assert turns + stats.skipped + stats.running >= int(due) - 1


def test_a_thousand_hanging_targets_do_not_delay_the_healthy_ones() -> None:
    hung = [named(f"hung-{n}", timeout="8s") for n in range(1000)]
    well = [named(f"well-{n}", every="2s") for n in range(50)]

    async def play() -> Stage:
        async with staged([*hung, *well], {probe.name: hanging(8) for probe in hung}) as stage:
            await stage.clock.advance(19.99)
            return stage

    stage = played(play)
    healthy = [observation for observation in stage.seen if observation.probe.startswith("well")]
    assert len(healthy) == 50 * 10
    assert {observation.outcome for observation in healthy} == {Outcome.PASS}
    assert max(observation.lateness for observation in healthy) < 0.01


def test_with_fewer_places_than_hanging_targets_the_healthy_ones_are_on_time_once_those_are_known() -> None:
    hung = [named(f"hung-{n}", timeout="8s") for n in range(100)]
    well = [named(f"well-{n}", every="2s") for n in range(20)]

    async def play() -> Stage:
        async with staged([*hung, *well], {probe.name: hanging(8) for probe in hung}, concurrency=40) as stage:
            await stage.clock.advance(60)
            stage.seen.clear()
            await stage.clock.advance(40)
            return stage

    stage = played(play)
    healthy = [observation for observation in stage.seen if observation.probe.startswith("well")]
    assert len(healthy) == 20 * 20
    assert max(observation.lateness for observation in healthy) < 0.01
    # The hanging ones wait for each other, and one without a slot says so: unknown, neither up nor down.
    others = {(o.outcome, o.reason) for o in stage.seen if o.probe.startswith("hung")}
    assert others == {
        (Outcome.FAIL, "no answer within 8 s"),
        (Outcome.UNKNOWN, "the prober is overloaded: no free slot for this check"),
    }


def test_checking_now_checks_once_and_counts_attempts_until_the_next_turn() -> None:
    async def play() -> Stage:
        async with staged([named("probe"), named("other")], {"probe": failing}) as stage:
            await stage.clock.advance(10)
            for _ in range(3):
                stage.prober.check_now("probe")
                await settle()
            await stage.clock.advance(10)
            return stage

    assert [observation.attempt for observation in played(play).of("probe")] == [0, 1, 2, 3, 0]


def test_checking_now_while_a_check_goes_on_checks_again_when_it_ends() -> None:
    async def play() -> Stage:
        async with staged([named("probe")], lambda n: (3.0 if n == 0 else 0.0, Seen())) as stage:
            await stage.clock.advance(10)
            if not stage.checking["probe"]:
                await stage.clock.advance(0)
            stage.prober.check_now("probe")
            stage.prober.check_now("probe")
            await stage.clock.advance(9)
            return stage

    attempts = [observation.attempt for observation in played(play).of("probe")]
    assert attempts[:2] == [0, 1]


def test_a_sink_that_asks_again_where_somebody_has_asked_already_gets_one_check_and_not_two() -> None:
    askers: list[Stage] = []

    def asks_again(observation: Observation) -> None:
        if observation.attempt == 0:
            askers[0].prober.check_now("probe")

    async def play() -> Stage:
        async with staged([named("probe")], lambda _: (1.0, Seen()), sink=asks_again) as stage:
            askers.append(stage)
            while not stage.checking.get("probe"):
                await stage.clock.advance(1)
            stage.prober.check_now("probe")
            await stage.clock.advance(5)
            return stage

    assert played(play).most_at_once["probe"] == 1


def test_when_every_target_fails_and_the_prober_cannot_reach_itself_nothing_is_known() -> None:
    async def play() -> Stage:
        async with staged([named("a"), named("b")], failing, connected=lambda: False) as stage:
            await stage.clock.advance(20)
            return stage

    stage = played(play)
    outcomes = [observation.outcome for observation in stage.seen]
    assert outcomes[0] is Outcome.FAIL  # the other had not failed yet
    assert set(outcomes[1:]) == {Outcome.UNKNOWN}
    assert stage.seen[-1].reason == "the prober's own network fails (connection refused)"


def test_when_every_target_fails_and_the_prober_reaches_itself_they_have_failed() -> None:
    async def play() -> Stage:
        async with staged([named("a"), named("b")], failing) as stage:
            await stage.clock.advance(20)
            return stage

    assert {observation.outcome for observation in played(play).seen} == {Outcome.FAIL}


def test_while_one_target_answers_the_own_network_is_not_doubted() -> None:
    async def play() -> Stage:
        async with staged([named("a"), named("b")], {"a": failing}, connected=lambda: False) as stage:
            await stage.clock.advance(20)
            return stage

    assert {observation.outcome for observation in played(play).of("a")} == {Outcome.FAIL}


def test_a_sink_that_raises_stops_nothing_and_is_counted() -> None:
    def broken(_: Observation) -> None:
        raise OSError("the disk is full")

    async def play() -> Stage:
        async with staged([named("a")], sink=broken) as stage:
            await stage.clock.advance(30)
            return stage

    stage = played(play)
    assert len(stage.seen) == 3
    assert stage.prober.stats().sink_errors == 3


def test_a_check_that_breaks_is_unknown_and_the_next_one_is_made() -> None:
    def broken(n: int) -> tuple[float, Seen]:
        if n == 0:
            raise AssertionError("a fault of ours")
        return at_once(n)

    async def play() -> Stage:
        async with staged([named("a")], broken) as stage:
            await stage.clock.advance(20)
            return stage

    stage = played(play)
    assert [observation.outcome for observation in stage.seen] == [Outcome.UNKNOWN, Outcome.PASS]
    assert stage.seen[0].reason == "the prober failed: AssertionError: a fault of ours"


def test_while_paused_nothing_is_checked_and_nothing_counts_as_skipped() -> None:
    async def play() -> Stage:
        async with staged([named("a")]) as stage:
            stage.prober.pause()
            await stage.clock.advance(30)
            stage.prober.resume()
            await stage.clock.advance(10)
            return stage

    stage = played(play)
    assert len(stage.seen) == 1
    assert stage.prober.stats().skipped == 0


def test_turns_that_a_sleeping_machine_missed_are_not_made_up_for() -> None:
    async def play() -> Stage:
        async with staged([named("a")]) as stage:
            await stage.clock.advance(10)
            stage.clock.jump(95)
            await stage.clock.advance(10)
            return stage

    stage = played(play)
    assert 2 <= len(stage.seen) <= 3
    assert stage.prober.stats().skipped >= 8


def test_stopping_ends_every_check_and_reports_none_of_them() -> None:
    async def play() -> Stage:
        async with staged([named(f"p{n}", every="1s") for n in range(20)], hanging(60)) as stage:
            await stage.clock.advance(5)
            assert sum(stage.checking.values()) == 20
        return stage

    stage = played(play)
    assert sum(stage.checking.values()) == 0
    assert stage.seen == []


def test_each_vantage_is_checked_in_its_own_right() -> None:
    two = named("door", vantages={"edge": {}, "around": {"address": "b:1"}})

    async def play() -> Stage:
        async with staged([two, named("other")], {"door@edge": failing}) as stage:
            await stage.clock.advance(30)
            return stage

    stage = played(play)
    by_vantage = {vantage: [o for o in stage.of("door") if o.vantage == vantage] for vantage in ("edge", "around")}
    assert {vantage: len(seen) for vantage, seen in by_vantage.items()} == {"edge": 3, "around": 3}
    assert {o.outcome for o in by_vantage["edge"]} == {Outcome.FAIL}
    assert {o.outcome for o in by_vantage["around"]} == {Outcome.PASS}
    assert {o.vantage for o in stage.of("other")} == {"local"}
    starts = [o.started % 10 for seen in by_vantage.values() for o in seen[:1]]
    assert abs(starts[0] - starts[1]) > 0.04, "their phases are spread like those of two probes"


def test_checking_now_checks_from_every_vantage() -> None:
    async def play() -> Stage:
        async with staged([named("door", every="1h", vantages={"edge": {}, "around": {}})]) as stage:
            stage.prober.check_now("door")
            await settle()
            return stage

    assert [o.vantage for o in played(play).seen] == ["edge", "around"]
