"""Each kind of fault against the real sandbox: seen while it is there, and gone without a trace afterwards."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible
from drills.faults.injection import lacking
from drills.faults.kinds.exhaust_connections import ExhaustConnections
from drills.faults.kinds.hold_locks import HoldLocks
from drills.faults.registry import FAULTS, fault_of
from drills.included_shop.faults.misuse_key import MisuseKey
from drills.included_shop.sandbox import ShopSandbox
from drills.model.scenario import FaultSpec
from drills.processes.leftovers import marked
from drills.sandbox.choice import INCLUDED
from drills.sandbox.systems import system_of

pytestmark = pytest.mark.slow

#: What nothing is seen of in the sandbox while it is in place, and is tried by itself.
UNSEEN = {"restart-service"}
SPECS = [
    *({"kind": kind, **FAULTS[kind].example(system_of(INCLUDED))} for kind in FAULTS if kind not in UNSEEN),
    # Further settings and services of theirs.
    {"kind": "stop-service", "service": "database"},
    {"kind": "kill-service", "service": "database"},
    {"kind": "kill-service", "service": "toxiproxy"},
    {"kind": "kill-service", "service": "app/2"},
    {"kind": "pause-service", "service": "cache"},
    {"kind": "link-latency", "link": "app-database", "latency": "300ms", "jitter": "20ms"},
    {"kind": "link-down", "link": "app-database"},
    {"kind": "link-reset", "link": "app-cache", "after": "10ms"},
    {"kind": "change-setting", "setting": "recommendations-timeout", "value": 2},
    {"kind": "hold-locks", "table": "public.orders", "mode": "exclusive"},
    {"kind": "exhaust-connections", "connections": 4},
]


def fault(spec: dict[str, object]) -> Fault:
    return fault_of(FaultSpec.model_validate(spec))


@contextlib.contextmanager
def raises(error: type[Exception], step: str) -> Iterator[None]:
    """Like `pytest.raises`, but a failure names the step of the fault that raised nothing."""
    try:
        yield
    except error:
        return
    pytest.fail(f"{step} did not raise {error.__name__}")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: "-".join(map(str, spec.values()))[:60])
def test_a_fault_is_seen_refused_a_second_time_and_undone_without_a_trace(
    sandbox: ShopSandbox, spec: dict[str, object]
) -> None:
    before = sandbox.fingerprint()
    one = fault(spec)
    if one.needs - sandbox.capabilities:
        pytest.skip(str(lacking((one,), sandbox)))
    one.check(sandbox)
    plan = one.undo_plan(sandbox)

    one.undo(sandbox, plan)
    one.verify_undone(sandbox, plan)
    assert sandbox.fingerprint() == before, "an undo before the fault changes nothing"
    with raises(FaultImpossible, "verify, before the fault is applied,"):
        one.verify(sandbox)

    one.apply(sandbox)
    assert one.verify(sandbox)
    with raises(FaultImpossible, "check, while the fault is in place,"):
        one.check(sandbox)
    with raises(EnvironmentFailed, "verify_undone, while the fault is in place,"):
        one.verify_undone(sandbox, plan)

    for _ in range(2):
        one.undo(sandbox, plan)
        one.verify_undone(sandbox, plan)
    assert sandbox.fingerprint() == before


def test_a_restart_gives_a_service_new_processes(sandbox: ShopSandbox) -> None:
    one = fault({"kind": "restart-service", "service": "cache"})
    before = [each.pids for each in sandbox.services.list() if each.name == "cache"]
    one.check(sandbox)
    plan = one.undo_plan(sandbox)
    one.apply(sandbox)
    assert one.verify(sandbox) == "cache is up"
    assert [each.pids for each in sandbox.services.list() if each.name == "cache"] != before
    one.undo(sandbox, plan)
    one.verify_undone(sandbox, plan)


def test_an_index_that_was_made_again_in_another_form_is_put_right(sandbox: ShopSandbox) -> None:
    before = sandbox.fingerprint()
    drop = fault({"kind": "drop-index", "index": "orders_customer_idx"})
    plan = drop.undo_plan(sandbox)
    drop.apply(sandbox)
    sandbox.database.sql("CREATE INDEX orders_customer_idx ON orders (customer_id, id)")
    with pytest.raises(EnvironmentFailed, match="orders_customer_idx is not as it was"):
        drop.verify_undone(sandbox, plan)
    drop.undo(sandbox, plan)
    assert sandbox.fingerprint() == before


def test_an_index_of_a_constraint_is_not_dropped(sandbox: ShopSandbox) -> None:
    with pytest.raises(FaultImpossible, match="belongs to a constraint"):
        fault({"kind": "drop-index", "index": "orders_pkey"}).check(sandbox)
    with pytest.raises(FaultImpossible, match="there is no index"):
        fault({"kind": "drop-index", "index": "nowhere_idx"}).check(sandbox)


def test_what_does_not_exist_cannot_be_disturbed(sandbox: ShopSandbox) -> None:
    with pytest.raises(FaultImpossible, match=r"there is no release 9\.9; known: 1\.0\.0, 1\.1\.0, 1\.2\.0"):
        fault({"kind": "deploy-release", "release": "9.9"}).check(sandbox)
    with pytest.raises(FaultImpossible, match="is deployed already"):
        fault({"kind": "deploy-release", "release": "1.1.0"}).check(sandbox)
    with pytest.raises(FaultImpossible, match="there is no table nowhere"):
        fault({"kind": "hold-locks", "table": "nowhere"}).check(sandbox)


def test_ending_the_session_that_holds_a_lock_is_a_remedy_and_the_undo_finds_nothing_left(
    sandbox: ShopSandbox,
) -> None:
    lock = HoldLocks(table="orders")
    plan = lock.undo_plan(sandbox)
    lock.apply(sandbox)
    sandbox.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
    sandbox.database.sql("SELECT count(*) FROM orders", timeout=5)
    lock.undo(sandbox, plan)
    lock.verify_undone(sandbox, plan)


def test_a_session_fault_is_undone_while_the_database_is_down(sandbox: ShopSandbox) -> None:
    lock = HoldLocks(table="orders")
    plan = lock.undo_plan(sandbox)
    lock.apply(sandbox)
    sandbox.services.kill("database")
    lock.undo(sandbox, plan)
    lock.verify_undone(sandbox, plan)
    sandbox.services.start("database")


def test_a_lock_that_cannot_be_had_is_told_and_leaves_no_program(sandbox: ShopSandbox) -> None:
    lock = HoldLocks(table="nowhere")
    with pytest.raises(EnvironmentFailed, match='relation "nowhere" does not exist'):
        lock.apply(sandbox)
    lock.verify_undone(sandbox, lock.undo_plan(sandbox))


def test_while_connections_are_exhausted_the_app_gets_none_and_an_administrator_does(sandbox: ShopSandbox) -> None:
    exhaust = fault({"kind": "exhaust-connections"})
    plan = exhaust.undo_plan(sandbox)
    exhaust.apply(sandbox)
    try:
        assert sandbox.database.sql("SELECT 1")[1][0][0] == 1
        assert not sandbox.health()["app /ready"][0]
    finally:
        exhaust.undo(sandbox, plan)
    exhaust.verify_undone(sandbox, plan)


@pytest.mark.parametrize(
    "one", [HoldLocks(table="orders"), ExhaustConnections(connections=2), MisuseKey(requests_per_second=5)]
)
def test_what_runs_in_the_background_does_not_say_what_it_is_for(sandbox: ShopSandbox, one: Fault) -> None:
    plan = one.undo_plan(sandbox)
    one.apply(sandbox)
    try:
        (process,) = marked(str(plan["mark"]))
        ours = {key: value for key, value in process.environ().items() if os.environ.get(key) != value}
        assert process.cmdline()[1:] == ["-m", "drills.background"]
        assert ours == {"DRILLS_BACKGROUND": plan["mark"]}
    finally:
        one.undo(sandbox, plan)
    one.verify_undone(sandbox, plan)
