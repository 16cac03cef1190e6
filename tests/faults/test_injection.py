"""The order that survives everything: what is owed is on the disk before anything is touched."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drills.errors import EnvironmentFailed
from drills.faults.injection import MakeEvent, inject
from drills.faults.kinds.drop_index import DropIndex
from drills.faults.kinds.link_down import LinkDown
from drills.faults.restoring import fingerprint_of, owe_restore, owe_stop, plan_of
from drills.included_shop.names import Link, Service
from drills.model.events import Event, FaultFailed, FaultVerified, ResponderKind
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.links import Toxic
from drills.sandbox.sandbox import Sandbox
from drills.store.journal import Journal
from drills.store.store import Store
from tests.faults.paper_sandbox import PaperSandbox
from tests.faults.settling import settle

DROP = DropIndex(index="orders_customer_idx")


class Told:
    """The events that were emitted, stamped with the number of changes that the sandbox had seen by then."""

    def __init__(self, sandbox: PaperSandbox) -> None:
        self.events: list[Event] = []
        self._sandbox = sandbox

    def __call__(self, make: MakeEvent) -> None:
        self.events.append(make(t=float(len(self._sandbox.changed)), at=datetime.now(UTC)))

    @property
    def kinds(self) -> list[tuple[str, float]]:
        return [(event.kind, event.t) for event in self.events]


@pytest.fixture
def drill_id(store: Store) -> str:
    return store.begin_drill(scenario="slow-query", sandbox="default", responder=ResponderKind.NONE).drill_id


def test_the_undo_is_in_the_journal_before_the_first_change(store: Store, drill_id: str) -> None:
    sandbox, journal = PaperSandbox(), Journal(store)
    told = Told(sandbox)
    owed_at_change: list[int] = []
    plain = sandbox.change
    sandbox.change = lambda what: (owed_at_change.append(len(journal.owed("default"))), plain(what))[1]  # type: ignore[method-assign]
    assert inject(journal, sandbox, drill_id, 0, DROP, told)
    assert owed_at_change == [1]
    assert told.kinds == [("undo-written", 0), ("fault-applied", 0), ("fault-verified", 1)]
    assert isinstance(told.events[-1], FaultVerified)
    assert told.events[-1].evidence == "index orders_customer_idx is gone"


def test_an_impossible_fault_owes_nothing_and_says_why(store: Store, drill_id: str) -> None:
    sandbox, journal = PaperSandbox(), Journal(store)
    sandbox.rows.indexes = {}
    told = Told(sandbox)
    assert not inject(journal, sandbox, drill_id, 2, DROP, told)
    assert journal.owed() == []
    (failed,) = told.events
    assert isinstance(failed, FaultFailed)
    assert (failed.fault, failed.reason) == (2, "there is no index orders_customer_idx")


def test_a_fault_that_is_not_found_in_place_failed_and_stays_owed(store: Store, drill_id: str) -> None:
    class Deaf(PaperSandbox):
        def set_link(self, link: str, *, enabled: bool) -> None: ...

    journal, sandbox = Journal(store), Deaf()
    told = Told(sandbox)
    assert not inject(journal, sandbox, drill_id, 0, LinkDown(link=Link.APP_CACHE), told)
    assert [kind for kind, _ in told.kinds] == ["undo-written", "fault-applied", "fault-failed"]
    assert [row.kind for row in journal.owed("default")] == ["link-down"]


def test_a_driver_that_lacks_a_capability_is_named_and_nothing_is_touched(store: Store, drill_id: str) -> None:
    class NoSql(PaperSandbox):
        capabilities = frozenset({Capability.SERVICES})

    sandbox = NoSql()
    told = Told(sandbox)
    assert not inject(Journal(store), sandbox, drill_id, 0, DROP, told)
    assert isinstance(told.events[0], FaultFailed)
    assert told.events[0].reason == "the paper sandbox lacks sql, needed by drop-index"
    assert sandbox.changed == []


def test_a_full_disk_stops_the_injection_before_anything_is_touched(store: Store, drill_id: str) -> None:
    class FullDisk(Journal):
        def write(self, *arguments: object) -> int:
            raise EnvironmentFailed("the disk is full")

    sandbox = PaperSandbox()
    assert not inject(FullDisk(store), sandbox, drill_id, 0, DROP, Told(sandbox))
    assert sandbox.changed == []


def test_what_is_owed_is_settled_in_reverse_and_the_whole_sandbox_last(store: Store, drill_id: str) -> None:
    sandbox, journal = PaperSandbox(), Journal(store)
    before = sandbox.fingerprint()
    restore = owe_restore(journal, sandbox, drill_id)
    assert restore.event(t=1, at=datetime.now(UTC)).fault is None
    inject(journal, sandbox, drill_id, 0, DROP, Told(sandbox))
    inject(journal, sandbox, drill_id, 1, LinkDown(link=Link.APP_CACHE), Told(sandbox))
    sandbox.links.add_toxic("app-database", Toxic("left by the responder", "latency"))
    settlements = settle(store, sandbox, drill_id)
    assert [one.summary for one in settlements] == [
        "cut link app-cache",
        "drop index orders_customer_idx",
        "bring the sandbox back to its state before the drill",
    ]
    assert [one.failed for one in settlements] == ["", "", ""]
    assert settlements[-1].changes == ("links.app-database.toxics: ['left by the responder'] → []",)
    assert sandbox.fingerprint() == before
    assert journal.owed() == []
    assert settle(store, sandbox, drill_id) == []


def test_an_undo_that_needs_what_the_restoration_brings_back_is_made_after_it(store: Store, drill_id: str) -> None:
    sandbox, journal = PaperSandbox(), Journal(store)
    owe_restore(journal, sandbox, drill_id)
    inject(journal, sandbox, drill_id, 0, DROP, Told(sandbox))
    sandbox.services.kill(Service.DATABASE)
    assert [one.failed for one in settle(store, sandbox, drill_id)] == ["", ""]


def test_an_undo_that_fails_stays_owed_and_the_others_are_made(store: Store, drill_id: str) -> None:
    sandbox, journal = PaperSandbox(), Journal(store)
    inject(journal, sandbox, drill_id, 0, LinkDown(link=Link.APP_CACHE), Told(sandbox))
    inject(journal, sandbox, drill_id, 1, DROP, Told(sandbox))
    journal.write(drill_id, "default", "from-the-future", "bend time", {})
    sandbox.services.kill(Service.DATABASE)
    settlements = {one.summary: one for one in settle(store, sandbox, drill_id)}
    assert settlements["cut link app-cache"].failed == ""
    assert settlements["drop index orders_customer_idx"].failed == "database does not answer"
    assert "does not know how to undo from-the-future" in settlements["bend time"].failed
    assert {row.kind for row in journal.owed()} == {"drop-index", "from-the-future"}
    sandbox.services.start(Service.DATABASE)
    settle(store, sandbox, drill_id)
    assert {row.kind for row in journal.owed()} == {"from-the-future"}


def test_a_sandbox_that_was_down_goes_down_again_only_after_everything_was_undone(store: Store, drill_id: str) -> None:
    sandbox, journal = PaperSandbox(), Journal(store)
    assert owe_stop(journal, sandbox, drill_id) is None, "one that is up stays up"
    sandbox.down()
    owe_stop(journal, sandbox, drill_id)
    sandbox.up()
    inject(journal, sandbox, drill_id, 0, DROP, Told(sandbox))
    sandbox.services.kill(Service.DATABASE)
    assert [one.failed for one in settle(store, sandbox)] == [
        "database does not answer",
        "waits for the other undos",
    ]
    assert sandbox.is_up()
    sandbox.services.start(Service.DATABASE)
    assert [one.failed for one in settle(store, sandbox)] == ["", ""]
    assert not sandbox.is_up()
    assert "orders_customer_idx" in sandbox.rows.indexes


def test_only_one_drill_s_undos_are_settled_when_one_is_named(store: Store, drill_id: str) -> None:
    sandbox, journal = PaperSandbox(), Journal(store)
    inject(journal, sandbox, drill_id, 0, DROP, Told(sandbox))
    assert settle(store, sandbox, "INC-20000101-001") == []
    assert len(settle(store, sandbox, drill_id)) == 1


@pytest.mark.slow
def test_a_fingerprint_survives_the_journal(store: Store, drill_id: str, sandbox: Sandbox) -> None:
    journal = Journal(store)
    before = sandbox.fingerprint()
    owed = owe_restore(journal, sandbox, drill_id)
    (row,) = journal.owed("default")
    assert row.id == owed.journal_id
    assert fingerprint_of(row.plan) == before
    assert sandbox.fingerprint().differences(fingerprint_of(row.plan)) == ()


def test_a_fingerprint_that_json_cannot_hold_is_refused_at_once() -> None:
    sandbox = PaperSandbox()
    sandbox.rows.indexes = {"x": datetime.now(UTC)}  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="JSON cannot represent"):
        plan_of(sandbox.fingerprint())
