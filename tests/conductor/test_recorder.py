"""The timeline as its runner knows it: kept whatever the store does, and others' events taken in once, in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drills.conductor.recorder import Recorder
from drills.core.events import Event, NoteTaken
from drills.store.store import Store
from tests.store.drill_data import StoppedClock, begin, note


class Desk:
    """A runner's recorder, and a second process that writes to the same drill."""

    def __init__(self, url: str) -> None:
        self.clock = StoppedClock()
        self.store = Store.open(url, clock=self.clock)
        self.other = Store.open(url, clock=self.clock)
        self.recorder: Recorder = None  # type: ignore[assignment]
        self.restart()

    def restart(self) -> None:
        """Another drill."""
        self.close()
        self.record = begin(self.store)
        self.shown: list[Event] = []
        self.recorder = Recorder(self.store, self.record, self.clock, self.shown.append)
        self.recorder.emit(note("began", 0.0))
        assert self.recorder.flush()

    def close(self) -> None:
        if self.recorder is not None:
            self.recorder.close(None, ())

    def elsewhere(self, text: str, t: float = 1.0) -> None:
        self.other.append(self.record.drill_id, note(text, t))

    @property
    def stored(self) -> list[str]:
        return [event.text for event in self.other.events(self.record.drill_id) if isinstance(event, NoteTaken)]

    @property
    def told(self) -> list[str]:
        return [event.text for event in self.shown if isinstance(event, NoteTaken)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(f"sqlite:///{tmp_path}/drills.db")
    yield made
    made.close()
    made.store.close()
    made.other.close()


def test_an_event_can_be_read_elsewhere_before_it_is_shown(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/drills.db", clock=StoppedClock())
    record = begin(store)
    seen: list[bool] = []
    recorder = Recorder(
        store, record, StoppedClock(), lambda event: seen.append(event in store.events(record.drill_id))
    )
    recorder.emit(note("x"))
    assert recorder.close(None, ()) == ""
    assert seen == [True]
    store.close()


def test_what_was_deferred_is_stored_before_what_came_later(desk: Desk) -> None:
    desk.recorder.defer(note("first"))
    desk.recorder.defer(note("second"))
    desk.recorder.emit(note("third"))
    assert [event.text for event in desk.recorder.timeline] == ["began", "first", "second", "third"]
    assert desk.recorder.flush()
    assert desk.stored == desk.told == ["began", "first", "second", "third"]


def test_events_of_another_process_are_taken_in_once(desk: Desk) -> None:
    desk.elsewhere("theirs")
    for _ in range(2):
        assert desk.recorder.flush()
    assert [event.seq for event in desk.recorder.timeline] == [0, 1]
    assert desk.told == ["began", "theirs"]


def test_what_another_process_wrote_between_our_own_events_is_found(desk: Desk) -> None:
    for text in ("theirs 1", "ours 1", "theirs 2", "theirs 3", "ours 2"):
        if text.startswith("ours"):
            desk.recorder.emit(note(text))
            assert desk.recorder.flush()
        else:
            desk.elsewhere(text)
    assert sorted(desk.told) == ["began", "ours 1", "ours 2", "theirs 1", "theirs 2", "theirs 3"]
    assert [event.seq for event in desk.recorder.timeline] == [0, 1, 2, 3, 4, 5]


def test_what_arrives_late_takes_its_place_by_its_time(desk: Desk) -> None:
    desk.recorder.emit(note("ours", 5.0))
    desk.elsewhere("theirs", 3.0)
    assert desk.recorder.flush()
    assert [event.text for event in desk.recorder.timeline.all(NoteTaken)] == ["began", "theirs", "ours"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["ours", "deferred", "theirs", "take-in"]), max_size=15))
def test_nothing_is_lost_and_nothing_is_taken_twice(desk: Desk, acts: list[str]) -> None:
    desk.restart()
    for number, act in enumerate(acts):
        match act:
            case "ours":
                desk.recorder.emit(note(f"{number}"))
            case "deferred":
                desk.recorder.defer(note(f"{number}"))
            case "theirs":
                desk.elsewhere(f"{number}")
            case _:
                assert desk.recorder.flush()
    assert desk.recorder.flush()
    assert sorted(desk.told) == sorted(desk.stored)
    assert [event.seq for event in sorted(desk.recorder.timeline, key=lambda event: event.seq)] == list(
        range(len(desk.stored))
    )


def test_t_is_of_the_monotonic_clock_and_at_of_the_wall(desk: Desk) -> None:
    desk.clock.seconds += 12.5
    now = desk.recorder.now()
    assert (now["t"], now["at"]) == (12.5, desk.clock.wall)
