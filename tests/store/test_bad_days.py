"""Killed writers, full disks, read-only folders: one clear line, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest

from drills.errors import EnvironmentFailed
from drills.model.probe import Outcome
from drills.store.journal import Journal
from drills.store.observing import ObservationWriter
from drills.store.store import Store
from tests.store.drill_data import StoppedClock, begin, check, note

_APPENDER = """
import sys
from drills.store.store import Store
from tests.store.drill_data import note
store = Store.open(sys.argv[1])
for number in range(int(sys.argv[4])):
    store.append(sys.argv[2], note(f"{sys.argv[3]} {number}"))
    print(number, flush=True)
"""
_ROOT = Path(__file__).parents[2]


def appender(url: str, drill_id: str, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _APPENDER, url, drill_id, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)


def test_two_processes_append_to_one_drill_without_a_gap(store: Store, store_url: str) -> None:
    drill = begin(store)
    writers = [appender(store_url, drill.drill_id, name, 60) for name in ("left", "right")]
    for writer in writers:
        writer.communicate()
    events = store.events(drill.drill_id)
    assert [event.seq for event in events] == list(range(120))
    texts = [event.text for event in events if event.kind == "note-taken"]
    for name in ("left", "right"):
        assert [text for text in texts if text.startswith(name)] == [f"{name} {number}" for number in range(60)]


@pytest.mark.parametrize("acknowledged", [1, 40])
def test_a_writer_that_is_killed_loses_no_event_that_was_acknowledged(file_url: str, acknowledged: int) -> None:
    store = Store.open(file_url)
    drill = begin(store)
    writer = appender(file_url, drill.drill_id, "doomed", 100_000)
    with writer:
        assert writer.stdout is not None
        for _ in range(acknowledged):
            writer.stdout.readline()
        writer.kill()
        seen = acknowledged + len(writer.stdout.read().splitlines())
    stored = [event.text for event in store.events(drill.drill_id) if event.kind == "note-taken"]
    assert stored[:seen] == [f"doomed {number}" for number in range(seen)]
    assert len(stored) - seen in (0, 1), "at most the one that was being acknowledged"
    assert store.append(drill.drill_id, note("after")).seq == len(stored)
    store.close()


def fill(store: Store) -> Callable[[], None]:
    """Let the database grow no further; returns what frees the space again. Only for the one connection there is."""

    def pages(count: int) -> None:
        with store.database.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")

    with store.database.engine.connect() as connection:
        pages(int(connection.exec_driver_sql("PRAGMA page_count").scalar_one()))
    return lambda: pages(1_000_000)


def test_a_full_disk_is_told_in_one_line_and_what_was_stored_stays(file_url: str) -> None:
    store = Store.open(file_url)
    drill = begin(store)
    store.append(drill.drill_id, note("kept"))
    free = fill(store)
    with pytest.raises(EnvironmentFailed, match="the disk is full; free some space") as told:
        store.append_many(drill.drill_id, [note("x" * 1000)] * 1000)
    assert "\n" not in str(told.value)
    assert len(store.events(drill.drill_id)) == 1
    free()
    assert store.append(drill.drill_id, note("again")).seq == 1
    store.close()


def test_an_undo_that_cannot_be_written_is_told_before_anything_is_touched(file_url: str) -> None:
    store = Store.open(file_url)
    drill = begin(store)
    fill(store)
    with pytest.raises(EnvironmentFailed, match="the disk is full"):
        Journal(store).write(drill.drill_id, "default", "drop-index", "x" * 400_000, {})
    store.close()


def test_observations_wait_for_a_full_disk_to_have_room_again(file_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(file_url)
    refused = Event()

    def refuse() -> None:
        refused.set()
        raise EnvironmentFailed("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(store.database, "write_relaxed", refuse)
        for number in range(40):
            store.observe(check("home", number))
        assert refused.wait(60)
    assert store.flush(timeout=60)
    assert [observation.outcome for observation in store.observations()] == [Outcome.PASS] * 40
    store.close()


def test_what_does_not_fit_the_queue_is_counted_and_stored_as_unknown(file_url: str) -> None:
    store = Store.open(file_url)
    writer = ObservationWriter(store.database, StoppedClock(), capacity=10)
    with store.database.write():  # Nobody else can write meanwhile.
        for number in range(2000):
            writer.put(check("home", number))
    assert writer.flush(60)
    kept = store.observations("home")
    gaps = [check.reason for check in kept if check.outcome is Outcome.UNKNOWN]
    dropped = sum(int(gap.split()[0]) for gap in gaps)
    assert dropped > 0
    assert all(gap.endswith("observations were not stored: the store could not keep up") for gap in gaps)
    assert len(kept) - len(gaps) + dropped == 2000
    writer.close()
    store.close()


def test_a_server_that_does_not_answer_is_told_in_one_line_without_the_password() -> None:
    with pytest.raises(EnvironmentFailed, match="the store failed") as told:
        Store.open("postgresql://drills:secret@127.0.0.1:1/drills")
    assert "\n" not in str(told.value)
    assert "secret" not in str(told.value)


@pytest.fixture
def readable_by_all() -> Iterator[Path]:
    """A folder that another user may look into, but not change; pytest's own are closed to others."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can limit another process and then drop its rights")
def test_a_read_only_place_is_told_in_one_line(readable_by_all: Path) -> None:
    present = f"sqlite:///{readable_by_all}/drills.db"
    Store.open(present).close()
    program = f"""
import os
import alembic.command, sqlalchemy.dialects.sqlite
from drills.model.probe import Outcome
from drills.errors import EnvironmentFailed
from drills.store.store import Store
os.setuid(65534)
for url in ({present!r}, {present.replace("drills.db", "new.db")!r}):
    try:
        Store.open(url).end_unscored("x", "aborted")
    except EnvironmentFailed as error:
        print(error)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=_ROOT)
    assert told.stderr == ""
    assert len(told.stdout.splitlines()) == 2
    assert all("writable" in line for line in told.stdout.splitlines())


def test_a_file_size_limit_is_told_in_one_line(file_url: str) -> None:
    Store.open(file_url).close()
    program = f"""
import resource
from drills.store.store import Store
from drills.model.probe import Outcome
from drills.errors import EnvironmentFailed
from tests.store.drill_data import begin, note
store = Store.open({file_url!r})
drill = begin(store)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
stored = 0
try:
    while True:
        store.append(drill.drill_id, note("x" * 5000))
        stored += 1
except EnvironmentFailed as error:
    print(stored, error)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=_ROOT)
    assert told.stderr == ""
    stored, line = told.stdout.split(maxsplit=1)
    assert "free some space" in line
    again = Store.open(file_url)
    assert len(again.events(again.drills()[0].drill_id)) == int(stored) > 0
    again.close()


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    with pytest.raises(EnvironmentFailed, match="the store's folder cannot be made"):
        Store.open(f"sqlite:///{tmp_path}/occupied/drills.db")
