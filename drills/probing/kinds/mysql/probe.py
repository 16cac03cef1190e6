"""A query and the measures of a MySQL or MariaDB server, over a fresh connection.

    connect ──► greeting, TLS, login ──► time limit; query ──► measures ──► close
                        │ the time is up: the connection is broken under the thread that talks

No tripwire: a server blocks hosts whose connections break before they have logged in (`max_connect_errors`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, cast

import pymysql
from pymysql.constants import CR

from drills.probing.bind import BoundProbe
from drills.probing.kinds.mysql.connection import MOST_ROWS, BoundedConnection, Handshake, TooMuch
from drills.probing.kinds.mysql.measures import Measures
from drills.probing.kinds.mysql.settings import MysqlSettings
from drills.probing.kinds.mysql.url import MysqlAddress, TlsMode
from drills.probing.net.connecting import NOT_REACHED, os_reason, unreached
from drills.probing.net.host_names import ascii_name
from drills.probing.net.trusted import client_context
from drills.probing.seen import Check, ProbeContext, Seen

#: Servers that one prober talks to at once.
_AT_ONCE = 32
#: Seconds that a query may outlive the probe's timeout.
_GRACE = 0.25
#: ER_UNKNOWN_SYSTEM_VARIABLE: a server without a time limit for statements, such as MySQL 5.6.
_NO_SUCH_VARIABLE = 1193
#: Errors of clients; all others are a server's.
_OWN_CODES = range(2000, 3000)
#: What PyMySQL raises, besides its own errors, for bytes that violate the protocol.
_NOT_UNDERSTOOD = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RuntimeError, struct.error)


class _Threads:
    """PyMySQL blocks; these are the threads that it may block."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mysql-probe")
        self.free = asyncio.Semaphore(_AT_ONCE)

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)


class _Visit:
    """How far one connection has come; `awaited` is what it waits for."""

    def __init__(self, context: ProbeContext) -> None:
        self._monotonic = context.monotonic
        self._began = context.monotonic()
        self.phases: dict[str, float] = {}
        self.awaited = "connection"

    def passed(self) -> float:
        return self._monotonic() - self._began

    def reached(self, phase: str, awaited: str) -> None:
        self.phases[phase] = self.passed()
        self.awaited = awaited

    def waits_for(self, awaited: str) -> None:
        self.awaited = awaited


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that logs in, runs the query and takes the measures. Raises ValueError for an unusable URL or CA file."""
    settings = cast(MysqlSettings, probe.settings)
    address = MysqlAddress.read(settings.url, settings.ca)
    client = _Client(address, ascii_name(address.host), _context(address, settings.ca), settings.query)
    threads = context.shared(_Threads)

    async def check() -> Seen:
        visit = _Visit(context)
        try:
            async with asyncio.timeout(probe.timeout):
                await threads.free.acquire()
        except TimeoutError:
            return Seen(unknown=f"the prober is overloaded: it talks to {_AT_ONCE} MySQL servers already")
        try:
            with await connected(visit) as opened:
                return await talked(visit, opened)
        except NOT_REACHED as why:
            return unreached(why, probe.timeout, visit.phases)
        finally:
            threads.free.release()

    async def connected(visit: _Visit) -> socket.socket:
        async with asyncio.timeout(max(0.001, probe.timeout - visit.passed())):
            found = await context.resolver.resolve(address.host, probe.timeout)
            if found.seconds is not None:
                visit.reached("dns", "connection")
            opened = await _open_first(found.addresses, address.port)
            visit.reached("connect", "greeting")
            return opened

    async def talked(visit: _Visit, opened: socket.socket) -> Seen:
        """What the thread sees. Its connection is broken when the time is up, or nobody wants to know any more."""
        left = max(0.001, probe.timeout - visit.passed())
        with socket.socket(fileno=os.dup(opened.fileno())) as line:
            opened.setblocking(True)
            talking = asyncio.get_running_loop().run_in_executor(threads.pool, client.talk, opened, visit, left)
            try:
                await asyncio.wait({talking}, timeout=left)
            finally:
                if late := not talking.done():
                    with suppress(OSError):
                        line.shutdown(socket.SHUT_RDWR)
                    awaited, phases = visit.awaited, dict(visit.phases)
                    await asyncio.wait({talking})
        if late:
            talking.exception()
            return Seen(failure=f"no {awaited} within {probe.timeout:g} s", phases=phases)
        return talking.result()

    return check


async def _open_first(addresses: Sequence[str], port: int) -> socket.socket:
    """Connect to the first of the addresses that takes connections. Raises the last one's OSError."""
    loop = asyncio.get_running_loop()
    for index, host in enumerate(addresses):
        opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            opened.setblocking(False)
            await loop.sock_connect(opened, (host, port))
        except OSError:
            opened.close()
            if index == len(addresses) - 1:
                raise
        except BaseException:
            opened.close()
            raise
        else:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
    raise OSError("the name has no address")


def _context(address: MysqlAddress, ca: str | None) -> ssl.SSLContext:
    if address.mode is TlsMode.DISABLED:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = client_context(ca, verify=address.mode.verifies)
    if address.mode is TlsMode.VERIFY_CA:
        context.check_hostname = False
    return context


class _Client:
    """What is said to a server, in a thread."""

    def __init__(self, address: MysqlAddress, name: str, context: ssl.SSLContext, query: str) -> None:
        self._address = address
        self._name = name
        self._context = context
        self._query = query

    def talk(self, opened: socket.socket, visit: _Visit, left: float) -> Seen:
        """Log in, ask and measure; `left` are the seconds that there are for it."""
        handshake = Handshake(
            self._context, lambda: visit.waits_for("TLS handshake"), lambda: visit.reached("tls", "login")
        )
        measures = Measures()
        connection = BoundedConnection(self._address, self._name, handshake, lambda: visit.waits_for("login"))
        try:
            connection.connect(opened)
            visit.waits_for("answer")
            _limit(connection, left)
            rows = connection.rows(self._query)
            visit.reached("first-byte", "answer")
            measures.take(connection.rows)
        except TooMuch as why:
            return Seen(failure=str(why), phases=visit.phases)
        except _NOT_UNDERSTOOD:
            return Seen(failure="the answer is not MySQL", phases=visit.phases)
        except pymysql.err.Error as error:
            return Seen(failure=mysql_reason(error, self._address.mode, visit.awaited), phases=visit.phases)
        finally:
            with suppress(pymysql.err.Error, OSError):
                connection.close()
        visit.reached("total", "")
        time = {phase.replace("-", "_"): seconds for phase, seconds in visit.phases.items()}
        values = {"rows": rows, "time": time, **measures.values}
        return Seen(values, visit.phases, _metrics(values), withheld=measures.withheld)


def _limit(connection: BoundedConnection, left: float) -> None:
    """Have the server end what runs longer (a connection that breaks does not end its query), or gives more rows."""
    connection.rows(f"SET SESSION sql_select_limit = {MOST_ROWS + 1}")
    seconds = left + _GRACE
    of_mariadb = "mariadb" in str(connection.server_version).lower()  # type: ignore[attr-defined]
    limit = f"max_statement_time = {seconds:.3f}" if of_mariadb else f"max_execution_time = {int(seconds * 1000)}"
    try:
        connection.rows(f"SET SESSION {limit}")
    except pymysql.err.Error as error:
        if error.args[:1] != (_NO_SUCH_VARIABLE,):
            raise


def _metrics(values: Mapping[str, Any]) -> dict[str, float | bool]:
    metrics: dict[str, float | bool] = {
        name: float(values[name]) for name in ("longest_query", "lock_waits") if name in values
    }
    if "connections" in values and "max_connections" in values:
        metrics["database_connections"] = values["connections"] / values["max_connections"]
    return metrics


def mysql_reason(error: pymysql.err.Error, mode: TlsMode, awaited: str) -> str:
    """What the server or PyMySQL said, in one line."""
    code, *said = error.args or ("",)
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate not valid: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return "TLS handshake failed"
    if isinstance(cause, OSError):
        return os_reason(cause)
    if code in (CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR):
        return f"connection closed, and no {awaited}"
    if code == CR.CR_SSL_CONNECTION_ERROR:
        return f"the server offers no TLS, and ssl-mode={mode} wants it"
    if not isinstance(code, int):
        return "the answer is not MySQL"
    line = " ".join(" ".join(map(str, said)).split())[:180]
    return line if code in _OWN_CODES else f"{line} ({code})"
