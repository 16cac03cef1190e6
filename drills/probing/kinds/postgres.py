"""A query and the measures of a PostgreSQL server, over a fresh connection."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Any, LiteralString, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from drills.probing.bind import BoundProbe
from drills.probing.connecting import NOT_REACHED, unreached
from drills.probing.seen import Look, Means, Seen
from drills.probing.settings import PostgresSettings

#: Sessions of clients other than this one; `longest_query` in seconds.
_MEASURES: LiteralString = """
SELECT count(*) AS connections,
       current_setting('max_connections')::int AS max_connections,
       coalesce(extract(epoch FROM max(clock_timestamp() - query_start)
                FILTER (WHERE state = 'active' AND pid <> pg_backend_pid())), 0)::float8 AS longest_query,
       count(*) FILTER (WHERE wait_event_type = 'Lock') AS lock_waits
FROM pg_stat_activity WHERE backend_type = 'client backend'
"""
_BY_STATE: LiteralString = """
SELECT coalesce(state, 'unknown') AS state, count(*) AS connections
FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1
"""
_TABLE_SIZES: LiteralString = """
SELECT relname AS name, pg_total_relation_size(relid) AS bytes FROM pg_stat_user_tables
"""
_DATABASE_BYTES: LiteralString = "SELECT pg_database_size(current_database()) AS bytes"
_MEASURED = ("connections", "max_connections", "longest_query", "lock_waits")

_REFUSED = "Connection refused"

Connection = psycopg.AsyncConnection[dict[str, Any]]


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that connects, runs the query and takes the measures."""
    settings = cast(PostgresSettings, probe.settings)
    try:
        options = conninfo_to_dict(settings.url)
    except psycopg.ProgrammingError as error:
        raise ValueError(f"{settings.url!r} is not a libpq URL: {error}") from None
    ours = {
        "application_name": "drills-probe",
        "connect_timeout": max(2, int(probe.timeout)),
        "options": f"-c statement_timeout={int(probe.timeout * 1000)}",
    }
    base: dict[str, Any] = {**ours, **options}

    async def look() -> Seen:
        began = means.monotonic()
        visit = _Visit(base, settings, probe.needs, means, began, probe.timeout)
        task = asyncio.ensure_future(visit.make())
        try:
            await asyncio.wait({task}, timeout=probe.timeout)
        except asyncio.CancelledError:
            visit.end(task)
            raise
        if late := not task.done():
            visit.end(task)
        phases = visit.phases
        try:
            values = await task
        except (asyncio.CancelledError, psycopg.Error) as error:
            if late:
                what = "answer" if "connect" in phases else "connection"
                return Seen(failure=f"no {what} within {probe.timeout:g} s", phases=phases)
            if isinstance(error, asyncio.CancelledError):
                raise
            return Seen(failure=postgres_reason(error), phases=phases)
        except NOT_REACHED as why:
            return unreached(why, probe.timeout, phases)
        phases["total"] = means.monotonic() - began
        values["time"] = {phase.replace("-", "_"): seconds for phase, seconds in phases.items()}
        metrics: dict[str, float | bool] = {
            "database_connections": values["connections"] / values["max_connections"],
            "longest_query": values["longest_query"],
            "lock_waits": float(values["lock_waits"]),
        }
        if settings.disk_limit:
            metrics["disk"] = values["database_bytes"] / settings.disk_limit
        return Seen(values, phases, metrics)

    return look


class _Visit:
    """One connection from its opening to its end."""

    def __init__(
        self,
        options: Mapping[str, Any],
        settings: PostgresSettings,
        needs: frozenset[str],
        means: Means,
        began: float,
        timeout: float,
    ) -> None:
        self._options = dict(options)
        self._settings = settings
        self._needs = needs
        self._means = means
        self._began = began
        self._timeout = timeout
        self._connection: Connection | None = None
        self.phases: dict[str, float] = {}

    async def make(self) -> dict[str, Any]:
        host = str(self._options.get("host", ""))
        if host and not host.startswith("/") and "hostaddr" not in self._options:
            found = await self._means.resolver.resolve(host, self._timeout)
            # libpq tries them in turn; its lists of hosts and of their addresses must be equally long.
            self._options["host"] = ",".join([host] * len(found.addresses))
            self._options["hostaddr"] = ",".join(found.addresses)
            if found.seconds is not None:
                self.phases["dns"] = self._passed()
        connection = await psycopg.AsyncConnection.connect(autocommit=True, row_factory=dict_row, **self._options)
        self._connection = connection
        self.phases["connect"] = self._passed()
        try:
            values: dict[str, Any] = {"rows": await _rows(connection, self._settings.query)}
            self.phases["first-byte"] = self._passed()
            measured = (await _rows(connection, _MEASURES))[0]
            values |= {name: measured[name] for name in _MEASURED}
            if "connections_by_state" in self._needs:
                states = await _rows(connection, _BY_STATE)
                values["connections_by_state"] = {row["state"]: row["connections"] for row in states}
            if "table_sizes" in self._needs:
                tables = await _rows(connection, _TABLE_SIZES)
                values["table_sizes"] = {row["name"]: row["bytes"] for row in tables}
            if self._settings.disk_limit or "database_bytes" in self._needs:
                values["database_bytes"] = (await _rows(connection, _DATABASE_BYTES))[0]["bytes"]
            return values
        finally:
            await connection.close()

    def end(self, task: asyncio.Task[dict[str, Any]]) -> None:
        """End the visit at once.

        An established connection is broken under psycopg's hands: cancelled, it would ask the server politely to stop
        the query and wait five seconds for the answer of one that may have frozen.
        """
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        if self._connection is None or self._connection.closed:
            task.cancel()
            return
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self._connection.fileno())) as s:
            s.shutdown(socket.SHUT_RDWR)

    def _passed(self) -> float:
        return self._means.monotonic() - self._began


async def _rows(connection: Connection, query: str) -> list[dict[str, Any]]:
    cursor = await connection.execute(query.encode())
    return await cursor.fetchall() if cursor.description else []


def postgres_reason(error: psycopg.Error) -> str:
    """What the server or libpq said, in one line: the last part of it, without the address that the reader knows."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    # Of several addresses, one where somebody was there tells more than those where nobody is.
    said = next((line for line in lines if "connection to server" in line and _REFUSED not in line), said)
    if _REFUSED in said:
        return "connection refused"
    for marker in ("FATAL:", "ERROR:", "failed:"):
        said = said.rpartition(marker)[2].strip() or said
    return said[:200]
