"""Settles what a store's journal owes, and stores what came of it, as a drill and a recovery do."""

from __future__ import annotations

from drills.faults.settling import Settlement, settle_owed
from drills.sandbox.sandbox import Sandbox
from drills.store.journal import Journal
from drills.store.store import Store
from drills.store.undos import Undos


def settle(store: Store, sandbox: Sandbox, drill_id: str | None = None, *, name: str | None = None) -> list[Settlement]:
    """All that is owed by one drill, or on the sandbox of that name."""
    undos = Undos(store.clock.now, [row for row in Journal(store).owed(name) if drill_id in (None, row.drill_id)])
    settlements = settle_owed(undos, sandbox)
    for each in {row.drill_id for row in undos.all()}:
        store.settle(undos.changed(each))
    return settlements
