"""Wherever a runner dies, in applying and in undoing, however often: the end is the state before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drills.faults.injection import inject
from drills.faults.registry import fault_of
from drills.faults.restoring import owe_restore
from drills.model.events import ResponderKind
from drills.model.scenario import FaultSpec
from drills.store.journal import Journal
from drills.store.store import Store
from tests.faults.paper_sandbox import PaperSandbox, RunnerDied
from tests.faults.settling import settle

SPECS: list[dict[str, Any]] = [
    {"kind": "drop-index", "index": "orders_customer_idx"},
    {"kind": "deploy-release", "release": "1.2.0"},
    {"kind": "deploy-release", "release": "1.0.0"},
    *({"kind": kind, "service": "database"} for kind in ("stop-service", "kill-service", "pause-service")),
    {"kind": "stop-service", "service": "app"},
    {"kind": "kill-service", "service": "toxiproxy"},
    {"kind": "link-latency", "link": "app-database", "latency": "1s"},
    {"kind": "link-timeout", "link": "app-database"},
    {"kind": "link-down", "link": "app-cache"},
    {"kind": "external-api-blocked"},
    {"kind": "pause-replica"},
    {"kind": "change-setting", "setting": "pool-size", "value": 1},
    {"kind": "change-setting", "setting": "webhook_secret", "value": "another-secret"},
    {"kind": "rotate-credentials", "role": "shop"},
    {"kind": "expire-certificate"},
    {"kind": "run-migration", "migration": "0003"},
    {"kind": "delete-rows", "table": "orders", "where": "id <= 3"},
    {"kind": "fill-disk"},
    {"kind": "fill-cache", "megabytes": 2},
]
deaths = st.none() | st.integers(min_value=0, max_value=6)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples; each has a drill of its own in it."""
    folder: Path = tmp_path_factory.mktemp("journal")
    store = Store.open(f"sqlite:///{folder}/drills.db")
    yield store
    store.close()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(st.tuples(st.sampled_from(SPECS), deaths), min_size=1, max_size=4),
    undos=st.lists(st.integers(min_value=0, max_value=4), max_size=3),
    whole=st.booleans(),
)
def test_whatever_was_begun_ends_as_before(
    shared: Store, faults: list[tuple[dict[str, Any], int | None]], undos: list[int], whole: bool
) -> None:
    sandbox, journal = PaperSandbox(), Journal(shared)
    before = sandbox.fingerprint()
    drill = shared.begin_drill(scenario="any", sandbox="paper", responder=ResponderKind.NONE)
    if whole:
        owe_restore(journal, sandbox, drill.drill_id)
    try:
        for index, (spec, death) in enumerate(faults):
            sandbox.changes_left = death
            fault = fault_of(FaultSpec.model_validate(spec))
            inject(
                journal, sandbox, drill.drill_id, index, fault, lambda make: make(t=0, at=datetime.now(UTC)) and None
            )
    except RunnerDied:
        pass
    for death in undos:
        sandbox.changes_left = death
        try:
            settle(shared, sandbox, name="paper")
        except RunnerDied:
            continue
    sandbox.changes_left = None
    settlements = settle(shared, sandbox, name="paper")
    assert [one.failed for one in settlements if one.failed] == []
    assert sandbox.fingerprint().differences(before) == ()
    assert journal.owed("paper") == []
