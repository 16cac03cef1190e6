"""The timeline as its runner knows it: kept whatever the store does, and others' events taken in once, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event as Event_
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drills.drill.recorder import Recorder
from drills.errors import BadInput, EnvironmentFailed
from drills.model.events import Event, NoteTaken
from drills.model.scorecard import DrillResult
from drills.store.copies import DrillCopy, saved
from drills.store.journal import Journal
from drills.store.store import Store
from tests.store.drill_data import StoppedClock, begin, note, scorecard


class Desk:
    """A runner's recorder, and a second process that writes to the same drill."""

    def __init__(self, url: str) -> None:
        self.url, self.clock = url, StoppedClock()
        self.store = Store.open(url, clock=self.clock)
        self.other = Store.open(url, clock=self.clock)
        self.recorder: Recorder = None  # type: ignore[assignment]
        self.restart()

    def restart(self, patience: float = 30) -> None:
        """Another drill."""
        self.close()
        self.record = begin(self.store)
        self.shown: list[Event] = []
        self.said: list[str] = []
        self.recorder = Recorder(
            self.store, self.record, self.clock, self.shown.append, self.said.append, timedelta(seconds=patience)
        )
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
    made = Desk(f"sqlite:///{tmp_path}/state/drills.db")
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


def until(holds: Callable[[], bool]) -> None:
    """Wait for the keeper's thread."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def refusing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The store takes nothing; the drill has noticed."""

    def full() -> None:
        raise EnvironmentFailed("the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(desk.store.database, "write", full)
        desk.recorder.emit(note("while it is full"))
        until(lambda: desk.recorder.late)
        desk.recorder.take_in()
        yield


def test_what_the_store_refuses_is_known_and_shown_at_once_and_stored_later_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refusing(desk, monkeypatch):
        desk.recorder.emit(note("more"))
        desk.recorder.take_in()
        assert desk.told == ["began", "while it is full", "more"]
        assert [event.text for event in desk.recorder.timeline] == desk.told
        assert desk.stored == ["began"]
    assert desk.recorder.flush()
    assert desk.stored == desk.told == ["began", "while it is full", "more"]
    assert desk.said == [
        "the store cannot be written, the drill goes on in memory: the disk is full",
        "the store works again; nothing of this drill is lost",
    ]


def test_a_store_that_another_process_locks_holds_nobody_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Event_()
    write = desk.store.database.write

    def asking() -> object:
        asked.set()
        return write()

    monkeypatch.setattr(desk.store.database, "write", asking)
    with desk.other.database.write():
        desk.recorder.emit(note("locked"))
        assert asked.wait(60)
        desk.recorder.emit(note("and on"))
        assert [event.text for event in desk.recorder.timeline] == ["began", "locked", "and on"]
        assert desk.told == ["began"], "it may be stored in a moment"
    assert desk.recorder.flush()
    assert desk.stored == desk.told == ["began", "locked", "and on"]


def test_a_write_of_which_nobody_knows_whether_it_was_made_is_not_made_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PostgreSQL that is restarted between its commit and the answer."""
    keep = desk.store.keep

    def keep_and_fail(*arguments: Any, **options: Any) -> None:
        keep(*arguments, **options)
        raise EnvironmentFailed("the connection was lost")

    with monkeypatch.context() as lost:
        lost.setattr(desk.store, "keep", keep_and_fail)
        desk.recorder.emit(note("twice?"))
        until(lambda: desk.recorder.take_in() is None and "twice?" in desk.stored and not desk.recorder.late)
    desk.recorder.emit(note("twice?"))
    assert desk.recorder.flush()
    assert desk.stored == desk.told == ["began", "twice?", "twice?"]


def files_of(desk: Desk) -> list[Path]:
    folder = Path(desk.store.database.name).parent
    return [folder / f"drills.db{end}" for end in ("", "-wal", "-shm")]


@pytest.mark.parametrize("lost", ["removed", "only the file", "moved with its folder", "another store", "emptied"])
def test_a_store_that_is_gone_is_made_anew_with_all_that_the_drill_knows(desk: Desk, lost: str) -> None:
    desk.elsewhere("theirs")
    assert desk.recorder.flush()
    number = desk.recorder.write(desk.recorder.drill_id, "default", "link-down", "cut", {"link": "x"})
    desk.other.close()
    store, _wal, _shm = files_of(desk)
    match lost:
        case "only the file":
            store.unlink()
        case "moved with its folder":
            store.parent.rename(store.parent.with_name("elsewhere"))
        case _:
            for file in files_of(desk):
                file.unlink(missing_ok=True)
            if lost == "emptied":
                store.touch()
            if lost == "another store":
                with closing(Store.open(desk.url, clock=StoppedClock(monotonic=5.0))) as other:
                    theirs = begin(other, "bad-deploy")
                    other.append(theirs.drill_id, note("of another drill"))
                    Journal(other).write(theirs.drill_id, "default", "drop-index", "drop", {})
    desk.recorder.emit(note("after"))
    assert desk.recorder.flush()
    desk.recorder.undos.settle(number)
    desk.recorder.emit(note("undone"))
    assert desk.recorder.flush()
    assert desk.said == ["the store was removed or replaced; it is created again with all of this drill's events"]
    assert sorted(desk.told) == ["after", "began", "theirs", "undone"]
    with closing(Store.open(desk.url)) as found:
        drill = found.drill(desk.recorder.drill_id)
        assert (drill.started_at, drill.runner) == (desk.record.started_at, desk.record.runner)
        texts = [event.text for event in found.events(drill.drill_id) if isinstance(event, NoteTaken)]
        assert sorted(texts) == ["after", "began", "theirs", "undone"]
        assert [row.settled_at is not None for row in Journal(found).of_drill(drill.drill_id)] == [True]
        others = [each for each in found.drills() if each.drill_id != drill.drill_id]
        assert [len(Journal(found).of_drill(each.drill_id)) for each in others] == [1] * (lost == "another store")
        assert len(Journal(found).owed()) == len(others)


def test_what_cannot_be_stored_is_kept_in_a_file_and_taken_in_once(desk: Desk, tmp_path: Path) -> None:
    desk.restart(patience=0.2)
    number = desk.recorder.write(desk.recorder.drill_id, "default", "link-down", "cut", {})
    for file in files_of(desk):
        file.unlink(missing_ok=True)
    files_of(desk)[0].mkdir()
    desk.recorder.undos.settle(number)
    desk.recorder.emit(note("undone"))
    told, desk.recorder = desk.recorder.close(scorecard(desk.record), [tmp_path / "kept"]), None  # type: ignore[assignment]
    assert "the drill is kept in" in told
    files_of(desk)[0].rmdir()
    ((path, copy),) = saved([tmp_path / "kept"])
    assert isinstance(copy, DrillCopy)
    assert str(path) in told
    with closing(Store.open(desk.url)) as found:
        for _ in range(2):
            found.take_in(copy, scorecard=scorecard(desk.record))
        (drill,) = found.drills()
        assert drill.result is DrillResult.MET
        assert [event.text for event in found.events(drill.drill_id) if isinstance(event, NoteTaken)] == [
            "began",
            "undone",
        ]
        assert (len(found.scorecards()), Journal(found).owed()) == (1, [])


@pytest.mark.parametrize("text", ["", "{}", '{"format": 9}', "no json", '{"format": 1, "record": {}, "events": []}'])
def test_a_kept_file_that_is_damaged_is_told_in_one_line_and_left(tmp_path: Path, text: str) -> None:
    path = tmp_path / "INC-20261121-001-120000.unstored.json"
    path.write_text(text)
    ((_, error),) = saved([tmp_path])
    assert isinstance(error, BadInput)
    assert str(error).startswith(f"{path}: ")
    assert "\n" not in str(error)


def test_an_undo_waits_for_the_store_and_gives_up_when_the_drill_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0

    def full() -> None:
        nonlocal refused
        refused += 1
        if refused == 2:
            desk.recorder.hurry()
        raise EnvironmentFailed("the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(desk.store.database, "write", full)
        with pytest.raises(EnvironmentFailed, match="the disk is full"):
            desk.recorder.write(desk.recorder.drill_id, "default", "link-down", "cut", {})
    assert refused == 2
    assert desk.recorder.undos.owed() == []


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
