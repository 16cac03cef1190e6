"""What only checks, and what acts."""

from __future__ import annotations

import pytest

from drills.sandbox.read_only import redis_is_read_only, sql_is_read_only


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pid, now() - query_start FROM pg_stat_activity WHERE state = 'active'",
        "  select query FROM pg_stat_activity WHERE query LIKE '%UPDATE orders%' -- drop nothing",
        "WITH slow AS (SELECT 1) SELECT * FROM slow",
        "EXPLAIN ANALYZE SELECT * FROM orders WHERE customer_id = 42",
        "SHOW max_connections",
        "SELECT updated_at FROM orders",
    ],
)
def test_a_diagnosis_is_read_only(statement: str) -> None:
    assert sql_is_read_only(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id)",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'",
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active",
        "SELECT 1; DROP TABLE orders",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone",
        "EXPLAIN (ANALYZE) UPDATE orders SET id = id",
        "SELECT set_config('work_mem', '64MB', false)",
        "ALTER SYSTEM SET max_connections = 100",
        "",
    ],
)
def test_what_changes_something_acts_however_it_is_written(statement: str) -> None:
    assert not sql_is_read_only(statement)


@pytest.mark.parametrize(
    ("command", "checks"),
    [
        ("PING", True),
        ("info memory", True),
        ("CONFIG GET maxmemory", True),
        ("CONFIG SET maxmemory 64mb", False),
        ("CLIENT LIST", True),
        ("CLIENT KILL TYPE normal", False),
        ("SLOWLOG RESET", False),
        ("FLUSHALL", False),
        ("", False),
    ],
)
def test_ending_clients_and_changing_settings_are_actions(command: str, checks: bool) -> None:
    assert redis_is_read_only(command.split()) is checks
