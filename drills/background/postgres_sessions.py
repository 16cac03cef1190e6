"""Sessions of PostgreSQL: one that holds a lock, many that hold connections, some that run a statement."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
from psycopg import Connection

from drills.background.detach import READY
from drills.background.free_connections import FREE_CONNECTIONS
from drills.background.job import LONGEST_SECONDS, ConnectionsJob, LockJob, QueryJob, SessionJob
from drills.background.sessions import until_one_ends

_LOCK_TIMEOUT_MS = 15_000
_WATCH_SECONDS = 0.2


def keep(job: SessionJob, say: Callable[[str], None]) -> None:
    """Open the sessions of the job, say READY, or why they cannot be had, and keep them."""

    def ready() -> None:
        say(READY)

    try:
        if isinstance(job, LockJob):
            _keep_lock(job, ready)
        elif isinstance(job, QueryJob):
            _keep_query(job, ready)
        else:
            _keep_connections(job, ready)
    except psycopg.Error as error:
        # After `ready` nobody listens, and an ended session is how this program is meant to end.
        say(str(error).strip().splitlines()[0])


def _connect(job: SessionJob, *, autocommit: bool) -> Connection:
    return psycopg.connect(job.database, application_name=job.application, autocommit=autocommit, connect_timeout=10)


def _keep_lock(job: LockJob, ready: Callable[[], None]) -> None:
    with _connect(job, autocommit=False) as connection:
        connection.execute(f"SET lock_timeout = {_LOCK_TIMEOUT_MS}")
        connection.execute(f"LOCK TABLE {job.table} IN {job.mode} MODE")
        ready()
        # The server sends nothing to an idle session but its end.
        select.select([connection.fileno()], [], [], LONGEST_SECONDS)


def _keep_query(job: QueryJob, ready: Callable[[], None]) -> None:
    held = [_connect(job, autocommit=True) for _ in range(job.sessions)]
    deadline = time.monotonic() + LONGEST_SECONDS

    def go_on(connection: Connection) -> None:
        # A session that is ended, or whose statement is cancelled, ends the job.
        with suppress(psycopg.Error):
            connection.execute("SET default_transaction_read_only = on")
            connection.execute("SET statement_timeout = 0")
            while time.monotonic() < deadline:
                connection.execute(job.statement.encode())

    ready()
    until_one_ends([lambda each=each: go_on(each) for each in held], seconds=LONGEST_SECONDS)  # type: ignore[misc]


def _keep_connections(job: ConnectionsJob, ready: Callable[[], None]) -> None:
    first = _connect(job, autocommit=True)
    held = [first]
    all_super = job.connections is None and _all_are_superusers(first)
    if job.connections is None:
        held += _take_all(job, first, all_super=all_super)
    else:
        held += [_connect(job, autocommit=True) for _ in range(job.connections - 1)]
    ready()
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        ended, _, _ = select.select([connection.fileno() for connection in held], [], [], _WATCH_SECONDS)
        if ended:
            return
        if all_super:
            _open_one(job, held)
        elif job.connections is None:
            held += [_connect(job, autocommit=True) for _ in range(_free(first))]


def _all_are_superusers(connection: Connection) -> bool:
    """Whether there is no ordinary role: the app then logs in as a superuser, and may have the reserved slots too."""
    ((ordinary,),) = connection.execute("SELECT count(*) FROM pg_roles WHERE rolcanlogin AND NOT rolsuper").fetchall()
    return int(ordinary) == 0


def _take_all(job: ConnectionsJob, first: Connection, *, all_super: bool) -> list[Connection]:
    """Take every slot, end the app's sessions one by one taking the slot of each, give the reserved slots back.

    While even the reserved slots are taken, an ordinary role cannot win the race for a slot that becomes free. Where
    all are superusers none is given back: whoever inspects and repairs the database has no other.
    """
    held: list[Connection] = []
    while _open_one(job, held):
        pass
    victims = first.execute(
        "SELECT pid FROM pg_stat_activity JOIN pg_roles ON rolname = usename"
        " WHERE backend_type = 'client backend' AND (%s OR NOT rolsuper) AND application_name <> %s",
        (all_super, job.application),
    ).fetchall()
    for (pid,) in victims:
        # Of another role's session an ordinary one may not dispose.
        with suppress(psycopg.errors.InsufficientPrivilege):
            first.execute("SELECT pg_terminate_backend(%s)", (pid,))
        deadline = time.monotonic() + 2
        while not _open_one(job, held) and time.monotonic() < deadline:
            time.sleep(0.005)
    surplus = 0 if all_super else -_free(first)
    for connection in held[len(held) - max(surplus, 0) :]:
        connection.close()
    return [connection for connection in held if not connection.closed]


def _open_one(job: ConnectionsJob, held: list[Connection]) -> bool:
    try:
        held.append(_connect(job, autocommit=True))
    except psycopg.OperationalError:
        return False
    return True


def _free(connection: Connection) -> int:
    ((free,),) = connection.execute(f"SELECT {FREE_CONNECTIONS}").fetchall()
    return int(free)
