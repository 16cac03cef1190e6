"""PostgreSQL roles as people set them up, while three other sessions are in a transaction: what each may see."""

from __future__ import annotations

import asyncio
import re
from contextlib import ExitStack

import psycopg
import pytest

from tests.probing.checking import run_probe
from tests.probing.conftest import Server
from tests.wild.cases import Case, cases_of

_UNDONE = (
    "DROP SCHEMA IF EXISTS evil, archive CASCADE",
    "DROP TABLE IF EXISTS orders, held",
    "GRANT SELECT ON pg_catalog.pg_stat_activity TO PUBLIC",
    "DROP ROLE IF EXISTS watcher",
)


@pytest.mark.parametrize("case", cases_of("postgres"))
def test_what_a_role_may_not_see_is_not_measured(case: Case, database: Server) -> None:
    given = case.given
    settings = {"url": database.url.replace("postgres@", "watcher@")}
    if "query" in given:
        settings["query"] = given["query"]
    with psycopg.connect(database.url, autocommit=True) as owner:
        try:
            for statement in given["setup"]:
                owner.execute(statement)
            with ExitStack() as stack:
                for begun in (*given.get("others", ()), "SELECT 1", "SELECT 1", "SELECT 1")[:3]:
                    stack.enter_context(psycopg.connect(database.url)).execute(begun)
                owner.close()
                checked = asyncio.run(run_probe("postgres", settings, asserts=given.get("asserts", [])))
        finally:
            with psycopg.connect(database.url, autocommit=True) as cleaner:
                for statement in _UNDONE:
                    cleaner.execute(statement)
    assert checked.outcome == case.right["outcome"], checked.reason
    assert re.search(case.right.get("reason", "^$"), checked.reason)
    assert sorted(checked.seen.metrics) == case.right["metrics"]
