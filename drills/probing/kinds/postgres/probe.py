"""A query and the measures of a PostgreSQL server, over a fresh connection.

    connect ──► SET LOCAL statement_timeout; query ──► measures ──► close
                        │ the time is up: the query is cancelled at the server, then the connection broken

All that is sent suits a pooler too: no parameter at start that one refuses, nothing set beyond a transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Any, cast

import psycopg
from psycopg.pq import Conninfo
from psycopg.rows import dict_row

from drills.probing.bind import BoundProbe
from drills.probing.curl.reasons import own_fault_now
from drills.probing.kinds.postgres.measures import Measures, Rows
from drills.probing.kinds.postgres.settings import PostgresSettings
from drills.probing.kinds.postgres.url import VERIFYING, postgres_parameters
from drills.probing.net.connecting import NOT_REACHED, unreached
from drills.probing.net.trusted import ca_file
from drills.probing.seen import Check, ProbeContext, Seen

#: Seconds that a query may outlive the probe's timeout: that long the server has to take a cancellation.
_GRACE = 0.25
#: A path at which libpq silently finds no file; by default it reads those of the user's home.
_NO_FILE = "/dev/null/none"
_REFUSED = "Connection refused"

Connection = psycopg.AsyncConnection[dict[str, Any]]


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that connects, runs the query and measures. Raises ValueError for an unusable URL or CA file."""
    settings = cast(PostgresSettings, probe.settings)
    parameters = _parameters(settings, probe.timeout)

    async def check() -> Seen:
        began = context.monotonic()
        visit = _Visit(parameters, settings, probe.needs, context, began, probe.timeout)
        task = asyncio.ensure_future(visit.make())
        try:
            await asyncio.wait({task}, timeout=probe.timeout)
        except asyncio.CancelledError:
            await visit.end(task)
            raise
        if late := not task.done():
            await visit.end(task)
        phases = visit.phases
        try:
            values = await task
        except (asyncio.CancelledError, psycopg.Error) as error:
            if late:
                what = "answer" if "connect" in phases else "connection"
                return Seen(failure=f"no {what} within {probe.timeout:g} s", phases=phases)
            if isinstance(error, asyncio.CancelledError):
                raise
            unknown = "" if "connect" in phases else own_fault_now()
            return Seen(unknown=unknown, failure=postgres_reason(error), phases=phases)
        except NOT_REACHED as why:
            return unreached(why, probe.timeout, phases)
        phases["total"] = context.monotonic() - began
        values["time"] = {phase.replace("-", "_"): seconds for phase, seconds in phases.items()}
        return Seen(values, phases, _metrics(values, settings.disk_limit), withheld=visit.measures.withheld)

    return check


def _metrics(values: Mapping[str, Any], disk_limit: int | None) -> dict[str, float | bool]:
    metrics: dict[str, float | bool] = {}
    if "connections" in values and "max_connections" in values:
        metrics["database_connections"] = values["connections"] / values["max_connections"]
    if "longest_query" in values:
        metrics["longest_query"] = values["longest_query"]
        metrics["lock_waits"] = float(values["lock_waits"])
    if disk_limit and "database_bytes" in values:
        metrics["disk"] = values["database_bytes"] / disk_limit
    return metrics


def _parameters(settings: PostgresSettings, timeout: float) -> dict[str, Any]:
    """libpq's parameters, each of them: one that is left out comes from the environment, or from a file."""
    written = postgres_parameters(settings.url, settings.ca)
    its_own = {
        option.keyword.decode(): (option.compiled or b"").decode()
        for option in Conninfo.get_defaults()
        if option.envvar and (option.compiled or os.environ.get(option.envvar.decode()))
    }
    its_own.pop("service", None)
    certificates = ca_file(settings.ca) if written["sslmode"] in VERIFYING else _NO_FILE
    ours = {
        **dict.fromkeys(("passfile", "sslcert", "sslkey", "sslcrl"), _NO_FILE),
        "sslrootcert": certificates,
        "gssencmode": "disable",
        "require_auth": "!gss,!sspi",
        "connect_timeout": max(2, int(timeout)),
    }
    return {**its_own, "application_name": "drills-probe", **written, **ours}


class _Visit:
    """One connection from its opening to its end."""

    def __init__(
        self,
        parameters: Mapping[str, Any],
        settings: PostgresSettings,
        needs: frozenset[str],
        context: ProbeContext,
        began: float,
        timeout: float,
    ) -> None:
        self._parameters = dict(parameters)
        self._settings = settings
        self._needs = needs
        self._context = context
        self._began = began
        self._timeout = timeout
        self._connection: Connection | None = None
        self.phases: dict[str, float] = {}
        self.measures = Measures()

    async def make(self) -> dict[str, Any]:
        host = str(self._parameters["host"])
        if not host.startswith("/"):
            found = await self._context.resolver.resolve(host, self._timeout)
            # libpq tries them in turn; its lists of hosts and of their addresses must be equally long.
            self._parameters["host"] = ",".join([host] * len(found.addresses))
            self._parameters["hostaddr"] = ",".join(found.addresses)
            if found.seconds is not None:
                self.phases["dns"] = self._passed()
        connection: Connection = await psycopg.AsyncConnection.connect(
            autocommit=True, prepare_threshold=None, row_factory=dict_row, **self._parameters
        )
        self._connection = connection
        self.phases["connect"] = self._passed()
        try:
            rows = await self._run(self._settings.query)
            self.phases["first-byte"] = self._passed()
            await self.measures.take(self._run, self._needs, with_bytes=bool(self._settings.disk_limit))
            return {"rows": rows, **self.measures.values}
        finally:
            await connection.close()

    async def _run(self, query: str) -> Rows:
        """The rows of the last statement. The server ends one that was not cancelled, soon after this probe gave up."""
        assert self._connection is not None
        left = max(0.0, self._timeout - self._passed()) + _GRACE
        limited = f"SET LOCAL statement_timeout = {int(left * 1000)}; {query}"
        cursor = await self._connection.execute(limited.encode())
        while cursor.nextset():
            pass
        return await cursor.fetchall() if cursor.description else []

    async def end(self, task: asyncio.Task[dict[str, Any]]) -> None:
        """End the visit, by `_GRACE` seconds from now: cancel what the server does for it, then break the connection.

        It is broken under psycopg's hands: its own way waits for five seconds for a server that may have frozen.
        """
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        connection = self._connection
        if connection is None or connection.closed:
            task.cancel()
            return
        try:
            with contextlib.suppress(OSError, psycopg.Error):
                await connection.cancel_safe(timeout=_GRACE)
        finally:
            if not connection.closed:
                with contextlib.suppress(OSError, psycopg.Error):
                    _break(connection.fileno())

    def _passed(self) -> float:
        return self._context.monotonic() - self._began


def _break(descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as its_own:
        its_own.shutdown(socket.SHUT_RDWR)


def postgres_reason(error: psycopg.Error) -> str:
    """What the server or libpq said, in one line: the last part of it, without the address that the reader knows."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    # Of several addresses, the reason of one where a server was found says more than those of the others.
    said = next((line for line in lines if "connection to server" in line and _REFUSED not in line), said)
    if _REFUSED in said:
        return "connection refused"
    for marker in ("FATAL:", "ERROR:", "failed:"):
        said = said.rpartition(marker)[2].strip() or said
    return said[:200]
