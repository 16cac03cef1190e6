"""What is owed survives, in the order in which it must be undone; the switch and the holder are everybody's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from drills.errors import BadInput, EnvironmentFailed, SandboxBusy
from drills.store.holder import hold, holder_of
from drills.store.journal import Journal
from drills.store.runner import Runner
from drills.store.store import Store
from drills.store.switch import KillSwitch
from drills.store.undos import Undos
from tests.store.drill_data import begin, note


def test_what_is_owed_is_seen_by_another_process_the_last_written_first(store: Store, store_url: str) -> None:
    journal = Journal(store)
    first = journal.write("INC-1", "default", "drop-index", "drop index a", {"index": "a", "deep": {"n": [1, None]}})
    second = journal.write("INC-1", "default", "link-down", "cut", {})
    journal.write("INC-2", "other", "link-down", "cut", {})
    other = Store.open(store_url)
    owed = Journal(other).owed("default")
    assert [row.id for row in owed] == [second, first]
    assert owed[1].plan == {"index": "a", "deep": {"n": [1, None]}}
    assert len(Journal(other).owed()) == 3
    other.close()


def test_a_settled_undo_is_owed_no_more_and_stays_settled(store: Store) -> None:
    journal, drill = Journal(store), begin(store)
    number = journal.write(drill.drill_id, "default", "link-down", "cut", {})
    mine, theirs = (Undos(store.clock.now, journal.owed()) for _ in range(2))
    mine.settle(number)
    mine.settle(number)
    assert len(journal.owed()) == 1, "not before it is stored"
    store.keep(drill.drill_id, [note()], mine.changed(drill.drill_id))
    theirs.fail(number, "gone already")
    store.settle(theirs.changed(drill.drill_id))
    assert journal.owed("default") == []
    (row,) = journal.of_drill(drill.drill_id)
    assert (row.attempts, row.settled_at is not None) == (0, True)


def test_a_failed_undo_stays_owed_and_says_why(store: Store) -> None:
    journal = Journal(store)
    number = journal.write("INC-1", "default", "link-down", "cut", {})
    undos = Undos(store.clock.now, journal.owed())
    undos.fail(number, "toxiproxy does not answer")
    undos.fail(number, "still not")
    store.settle(undos.changed("INC-1"))
    (row,) = journal.owed("default")
    assert (row.attempts, row.last_failure) == (2, "still not")


def test_what_is_kept_together_is_kept_whole_or_not_at_all(store: Store) -> None:
    journal, drill = Journal(store), begin(store)
    number = journal.write(drill.drill_id, "default", "link-down", "cut", {})
    undos = Undos(store.clock.now, journal.owed())
    undos.settle(number)
    with pytest.raises(BadInput, match="no such drill"):
        store.keep("INC-20000101-001", [note()], undos.changed(drill.drill_id))
    assert len(journal.owed()) == 1


def test_the_sandbox_of_a_drill_is_known_to_the_journal(store: Store) -> None:
    assert Journal(store).sandbox_of(begin(store, sandbox="east").drill_id) == "east"
    with pytest.raises(BadInput):
        Journal(store).sandbox_of("INC-20000101-001")


def test_the_kill_switch_is_heeded_by_every_process_until_it_is_taken_back(store: Store, store_url: str) -> None:
    assert not KillSwitch(store).state().stopped
    first = KillSwitch(store).stop("the real thing burns")
    other = Store.open(store_url)
    assert KillSwitch(other).stop("me too") == first
    assert KillSwitch(other).state() == first
    assert first.why == "the real thing burns"
    KillSwitch(other).resume()
    KillSwitch(other).resume()
    assert not KillSwitch(store).state().stopped
    other.close()


def test_a_held_sandbox_is_refused_naming_who_holds_it(tmp_path: Path) -> None:
    with hold(tmp_path, "default", "drills run slow-query"):
        held = r"sandbox default is held by drills run slow-query \(process \d+"
        with pytest.raises(SandboxBusy, match=held), hold(tmp_path, "default", "drills serve"):
            pass
        with hold(tmp_path, "other", "drills serve"):
            assert str(holder_of(tmp_path, "other")).startswith("drills serve")
    with hold(tmp_path, "default", "drills serve"):
        pass
    assert holder_of(tmp_path, "default") is None
    assert holder_of(tmp_path, "never") is None


def test_a_holder_that_is_killed_holds_no_more(tmp_path: Path) -> None:
    program = f"""
import time
from pathlib import Path
from drills.store.holder import hold
with hold(Path({str(tmp_path)!r}), "default", "the doomed"):
    print("held", flush=True)
    time.sleep(600)
"""
    doomed = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert doomed.stdout is not None
    doomed.stdout.readline()
    with pytest.raises(SandboxBusy, match="the doomed"), hold(tmp_path, "default", "next"):
        pass
    doomed.kill()
    doomed.wait()
    doomed.stdout.close()
    with hold(tmp_path, "default", "next"):
        pass


def test_a_state_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    with pytest.raises(EnvironmentFailed, match="cannot be opened"), hold(tmp_path / "occupied/x", "default", "me"):
        pass


def test_a_runner_lives_while_its_process_does_and_is_not_taken_for_a_later_one() -> None:
    this = Runner.this()
    assert this.alive()
    assert not Runner(this.pid, this.started - 1, this.boot_id).alive()
    assert not Runner(this.pid, this.started, "another boot").alive()
    program = (
        "from drills.store.runner import Runner; r = Runner.this(); print(r.pid, r.started, r.boot_id, flush=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", program + "; input()"], stdin=-1, stdout=-1, text=True)
    assert child.stdout is not None
    pid, started, boot = child.stdout.readline().split()
    other = Runner(int(pid), float(started), boot)
    assert other.alive()
    child.kill()
    # Not collected yet: a zombie conducts nothing.
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert not other.alive()
    child.communicate()
    assert not other.alive()
