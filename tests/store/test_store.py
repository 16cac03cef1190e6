"""The store keeps what it was given, in order, with ids that are nobody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.model.events import AllClear, ResponderKind
from drills.model.scorecard import DrillResult
from drills.store.store import Store
from tests.store.drill_data import NOON, StoppedClock, begin, check, note, scorecard


def test_an_appended_event_is_there_for_another_process_with_its_place(store: Store, store_url: str) -> None:
    drill = begin(store)
    first, second = store.append(drill.drill_id, note("größer")), store.append(drill.drill_id, AllClear(t=2, at=NOON))
    other = Store.open(store_url)
    assert other.events(drill.drill_id) == [first, second]
    assert [first.seq, second.seq] == [0, 1]
    assert other.events(drill.drill_id, after=0) == [second]
    other.close()


def test_many_events_are_stored_next_to_one_another(store: Store) -> None:
    drill = begin(store)
    store.append(drill.drill_id, note())
    stored = store.append_many(drill.drill_id, [note(str(number)) for number in range(50)])
    assert [event.seq for event in stored] == list(range(1, 51))
    assert store.append_many(drill.drill_id, []) == []
    assert [event.text for event in store.timeline(drill.drill_id) if event.kind == "note-taken"][1:4] == [
        "0",
        "1",
        "2",
    ]


def test_an_event_of_an_unknown_drill_is_refused(store: Store) -> None:
    with pytest.raises(BadInput, match="INC-20000101-001: no such drill"):
        store.append("INC-20000101-001", note())
    with pytest.raises(BadInput, match="no such drill"):
        store.timeline("INC-20000101-001")


def test_threads_that_append_at_once_leave_no_gap_and_share_no_place(store: Store) -> None:
    drill = begin(store)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.append(drill.drill_id, note(str(number))), range(40)))
    events = store.events(drill.drill_id)
    assert [event.seq for event in events] == list(range(40))
    assert {event.text for event in events if event.kind == "note-taken"} == {str(number) for number in range(40)}


def test_ids_count_up_within_a_day_and_are_never_shared_by_runners_that_begin_at_once(
    store: Store, store_url: str
) -> None:
    stores = [Store.open(store_url, clock=StoppedClock()) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        ids = [record.drill_id for record in pool.map(begin, stores * 5)]
    assert sorted(ids) == [f"INC-20261121-{number:03d}" for number in range(1, 16)]
    tomorrow = Store.open(store_url, clock=StoppedClock(NOON + timedelta(days=1)))
    assert begin(tomorrow).drill_id == "INC-20261122-001"
    for opened in (*stores, tomorrow):
        opened.close()


def test_a_record_comes_back_as_it_was_written(store: Store) -> None:
    record = store.begin_drill(scenario="quiet", sandbox="other", responder=ResponderKind.PERSON, blind=True)
    assert store.drill(record.drill_id) == record
    assert store.running("other") == record
    assert store.running("default") is None
    assert record.result is DrillResult.RUNNING
    assert record.runner.alive()


def test_a_finished_drill_does_not_run_and_has_its_scorecard(store: Store) -> None:
    record = begin(store)
    store.finish(record.drill_id, scorecard(record))
    assert store.running("default") is None
    assert store.drill(record.drill_id).result is DrillResult.MET
    assert store.drill(record.drill_id).ended_at is not None
    assert store.scorecards("slow-query") == [scorecard(record)]
    assert store.scorecards("quiet") == []


def test_scorecards_are_kept_as_made_and_the_last_one_speaks_for_the_drill(store: Store) -> None:
    first, second = begin(store), begin(store)
    store.finish(second.drill_id, scorecard(second))
    store.finish(first.drill_id, scorecard(first))
    newer = scorecard(first, score=70, rules_version=2)
    store.finish(first.drill_id, newer, reason="acknowledged by phone")
    assert store.scorecards() == [newer, scorecard(second)]
    kept = store.scorecards_of(first.drill_id)
    assert [(one.reason, one.scorecard.score) for one in kept] == [
        ("the drill ended", 90.0),
        ("acknowledged by phone", 70.0),
    ]


def test_a_drill_that_never_began_to_say_anything_can_end_without_a_scorecard(store: Store) -> None:
    record = begin(store)
    store.end_unscored(record.drill_id, DrillResult.ABORTED)
    assert [drill.result for drill in store.drills()] == [DrillResult.ABORTED]
    with pytest.raises(BadInput, match="no such drill"):
        store.end_unscored("INC-20000101-001", DrillResult.ABORTED)


def test_durations_do_not_care_about_a_clock_that_is_set_back(store_url: str) -> None:
    clock = StoppedClock()
    store = Store.open(store_url, clock=clock)
    record = begin(store)
    clock.wall -= timedelta(hours=3)
    clock.seconds += 12.5
    assert store.drill(record.drill_id).t(clock) == 12.5
    assert begin(store).drill_id == "INC-20261121-002"
    store.close()


def test_after_a_boot_the_time_of_a_drill_is_refused_not_invented(store: Store) -> None:
    before_boot = replace(begin(store), boot_id="another boot")
    with pytest.raises(EnvironmentFailed, match="began before this machine was started again"):
        before_boot.t(StoppedClock())
    assert not before_boot.runner.alive()


def test_observations_come_back_whole_and_in_the_order_of_time(store: Store) -> None:
    checks = [check("home", 2), check("home", 1), check("search", 0)]
    for observation in checks:
        store.observe(observation)
    assert store.flush()
    assert store.observations("home") == [checks[1], checks[0]]
    assert store.observations(since=NOON + timedelta(seconds=2)) == [checks[0]]


def test_closing_stores_what_is_still_queued(store_url: str) -> None:
    store = Store.open(store_url)
    for number in range(1200):
        store.observe(check(seconds=number))
    store.close()
    again = Store.open(store_url)
    assert len(again.observations()) == 1200
    again.close()
