"""A drill that another store had, or nobody: what is missing is stored, nothing twice, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.errors import BadInput
from drills.model.events import NoteTaken
from drills.model.scorecard import DrillResult
from drills.store.copies import DrillCopy, load, save
from drills.store.journal import Journal
from drills.store.store import Store
from drills.store.undos import Undos
from tests.store.drill_data import StoppedClock, begin, note, scorecard


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """One whose drills are of the same day as the copy's."""
    opened = Store.open(store_url, clock=StoppedClock())
    yield opened
    opened.close()


@pytest.fixture
def copy(tmp_path: Path) -> DrillCopy:
    """What the runner knows of a drill whose store is gone: two undos, of which one is owed still."""
    store = Store.open(f"sqlite:///{tmp_path}/lost.db", clock=StoppedClock(monotonic=7.0))
    record, journal = begin(store), Journal(store)
    for name in ("first", "second"):
        journal.write(record.drill_id, "default", f"cut-{name}", name, {"deep": [1, None]})
    undos = Undos(store.clock.now, journal.owed())
    undos.settle(1)
    events = store.append_many(record.drill_id, [note("a"), note("b"), note("b")])
    store.close()
    return DrillCopy(record, tuple(events), undos.all())


def texts(store: Store, drill_id: str) -> list[str]:
    return [event.text for event in store.events(drill_id) if isinstance(event, NoteTaken)]


def test_it_is_stored_whole_and_once(store: Store, copy: DrillCopy) -> None:
    for _ in range(2):
        taken = store.take_in(copy, scorecard=scorecard(copy.record))
    assert taken.record.drill_id == copy.record.drill_id
    assert texts(store, copy.record.drill_id) == ["a", "b", "b"]
    assert [(row.kind, row.plan) for row in Journal(store).owed()] == [("cut-second", {"deep": [1, None]})]
    assert [drill.result for drill in store.drills()] == [DrillResult.MET]
    assert len(store.scorecards()) == 1


def test_numbers_that_were_taken_over_are_given_to_nobody_else(store: Store, copy: DrillCopy) -> None:
    store.take_in(copy)
    known = {row.id for row in Journal(store).of_drill(copy.record.drill_id)}
    assert known == {1, 2}
    assert Journal(store).write(begin(store).drill_id, "default", "link-down", "cut", {}) not in known


def test_one_whose_id_and_numbers_another_drill_has_gets_others(store: Store, copy: DrillCopy) -> None:
    theirs = begin(store, "bad-deploy")
    store.append(theirs.drill_id, note("theirs"))
    number = Journal(store).write(theirs.drill_id, "default", "link-down", "cut", {})
    assert theirs.drill_id == copy.record.drill_id
    assert number in {undo.id for undo in copy.undos}
    for _ in range(2):
        taken = store.take_in(copy)
    assert taken.record.drill_id != theirs.drill_id
    assert texts(store, theirs.drill_id) == ["theirs"]
    assert texts(store, taken.record.drill_id) == ["a", "b", "b"]
    owed = {(row.drill_id, row.kind) for row in Journal(store).owed()}
    assert owed == {(theirs.drill_id, "link-down"), (taken.record.drill_id, "cut-second")}


def test_events_are_not_kept_under_the_id_of_another_drill(store: Store, copy: DrillCopy) -> None:
    theirs = begin(store)
    assert theirs.drill_id == copy.record.drill_id
    with pytest.raises(BadInput, match="no such drill"):
        store.keep(copy.record.drill_id, [note("ours")], origin=copy.record.origin)
    assert texts(store, theirs.drill_id) == []


def test_a_file_holds_all_of_it_and_is_its_owners_alone(tmp_path: Path, copy: DrillCopy) -> None:
    path = save(copy, [tmp_path / "kept"])
    assert path.stat().st_mode & 0o077 == 0
    again = load(path)
    assert (again.record, again.undos) == (copy.record, copy.undos)
    assert [event.model_copy(update={"seq": 0}) for event in again.events] == [
        event.model_copy(update={"seq": 0}) for event in copy.events
    ]
