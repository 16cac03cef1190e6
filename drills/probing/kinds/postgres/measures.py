"""What a PostgreSQL server says about itself, and what of it this role may see.

Each text is sent with the time limit before it, in one message: PostgreSQL makes one transaction of it, so that the
limit ends with it. Nothing is set for a session, which behind a pooler another client would get next. No operator,
function or table is looked for in a schema that somebody else may have put before pg_catalog.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import psycopg

Rows = list[dict[str, Any]]
#: Runs a query and returns its rows. Raises psycopg.Error.
Run = Callable[[str], Awaitable[Rows]]

_SAFELY = "SET LOCAL search_path TO pg_catalog, pg_temp; "
#: Sessions of clients, this one among them; the longest query of any other one, in seconds.
_SESSIONS = """
SELECT current_user AS role,
       pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
       count(*) AS connections,
       greatest(0, extract(epoch FROM max(clock_timestamp() - query_start)
                FILTER (WHERE state = 'active' AND pid <> pg_backend_pid())))::float8 AS longest_query,
       count(*) FILTER (WHERE wait_event_type = 'Lock') AS lock_waits
FROM pg_stat_activity WHERE backend_type = 'client backend'
"""
_BY_STATE = """
SELECT coalesce(state, 'unknown') AS state, count(*) AS connections
FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1
"""
_MAX_CONNECTIONS = "SELECT current_setting('max_connections')::int AS max_connections"
#: A table that somebody holds locked would keep the size of all others waiting.
_TABLE_SIZES = """
SET LOCAL lock_timeout = '200ms';
SELECT schemaname AS schema, relname AS name, pg_total_relation_size(relid) AS bytes
FROM pg_stat_user_tables WHERE schemaname NOT LIKE 'pg\\_temp\\_%'
"""
_DATABASE_BYTES = "SELECT pg_database_size(current_database()) AS bytes"
_OF_SESSIONS = ("connections", "longest_query", "lock_waits")


class Measures:
    """What was measured; `withheld` says for the rest why not."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.withheld: dict[str, str] = {}

    async def take(self, run: Run, needs: frozenset[str], *, with_bytes: bool) -> None:
        """Measure what every probe reports, and of the rest what `needs` names. Raises psycopg.OperationalError.

        What the server refuses (a right that the role lacks, a view that this version or this product does not have)
        is not measured: it has answered the probe's own query, and is up.
        """
        await self._of_sessions(run, by_state="connections_by_state" in needs)
        for row in await self._rows(run, _MAX_CONNECTIONS, "max_connections"):
            self.values["max_connections"] = row["max_connections"]
        if "table_sizes" in needs:
            rows = await self._rows(run, _TABLE_SIZES, "table_sizes")
            if "table_sizes" not in self.withheld:
                self.values["table_sizes"] = sizes(rows)
        if with_bytes or "database_bytes" in needs:
            for row in await self._rows(run, _DATABASE_BYTES, "database_bytes"):
                self.values["database_bytes"] = row["bytes"]

    async def _of_sessions(self, run: Run, *, by_state: bool) -> None:
        names = (*_OF_SESSIONS, *(("connections_by_state",) if by_state else ()))
        for row in await self._rows(run, _SESSIONS, *names):
            if not row["sees_all"]:
                why = f"the role {row['role']} cannot see other sessions: grant it pg_read_all_stats or pg_monitor"
                self.withheld |= dict.fromkeys(names, why)
                return
            self.values |= {name: row[name] for name in _OF_SESSIONS}
        if by_state:
            rows = await self._rows(run, _BY_STATE, "connections_by_state")
            if "connections_by_state" not in self.withheld:
                self.values["connections_by_state"] = {row["state"]: row["connections"] for row in rows}

    async def _rows(self, run: Run, query: str, *names: str) -> Rows:
        try:
            return await run(_SAFELY + query)
        except psycopg.errors.LockNotAvailable:
            self.withheld |= dict.fromkeys(names, "a table is locked")
        except (psycopg.OperationalError, psycopg.InterfaceError):  # broken, shut down, or the time is up
            raise
        except psycopg.Error as error:
            said = (error.diag.message_primary or str(error)).splitlines()[0]
            self.withheld |= dict.fromkeys(names, f"the server refuses it: {said[:150]}")
        return []


def sizes(rows: Rows) -> Mapping[str, int]:
    """Bytes of each table by its name; of tables with one name in several schemas, those outside public by both."""
    count: dict[str, int] = {}
    for row in rows:
        count[row["name"]] = count.get(row["name"], 0) + 1
    return {
        row["name"] if count[row["name"]] == 1 or row["schema"] == "public" else f"{row['schema']}.{row['name']}": row[
            "bytes"
        ]
        for row in rows
        if row["bytes"] is not None  # dropped just now
    }
